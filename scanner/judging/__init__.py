"""By what a scale set is judged, and the judging."""
