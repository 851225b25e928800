"""ARM templates, evaluated as far as a template and its parameters say; everything else stays unknown."""
