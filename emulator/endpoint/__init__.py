"""What every endpoint shares: requests and answers, tokens and rights, scripted faults, the journal."""
