"""How a test, the demo or the benchmark starts an emulator and sets the scene."""
