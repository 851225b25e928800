from tests.azure.conftest import certificates, connect, hand_time, server

__all__ = ["certificates", "connect", "hand_time", "server"]
