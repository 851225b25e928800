"""Judgements in the formats that other tools read. Pure: a writer answers text and writes nothing itself."""
