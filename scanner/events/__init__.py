"""How what happened is told: the rows that Log Analytics receives."""
