"""What an auditor is given: rows that can be verified, tables made of them, and what is missing."""
