"""Pages in headless Chromium: for tests, measurements and pictures, never deployed."""
