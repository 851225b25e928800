"""The report: what is known of a fleet, as one page of HTML that needs nothing else. Pure."""
