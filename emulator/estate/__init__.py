"""What there is: subscriptions, resource groups, scale sets, images, and the clock they live by."""
