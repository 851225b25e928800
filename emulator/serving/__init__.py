"""The server: from a request to its endpoint, and the control surface beside them."""
