"""What is known of a fleet, as report and exports show it, whichever source it was read from. Pure."""
