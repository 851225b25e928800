"""The reference pages and what writes them; not part of the deployed package."""
