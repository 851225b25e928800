"""From a plan of what shall be deployed to scale sets in ARM's form, which ``scanner.reading`` reads. Pure and total."""
