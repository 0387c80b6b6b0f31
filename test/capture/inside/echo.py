"""Sends an ICMP echo request of that size and waits for its answer: echo.py <address> <size>."""
import socket, struct, sys

address, size = sys.argv[1], int(sys.argv[2])
if ':' in address:
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    request, reply, skip = struct.pack('!BBHHH', 128, 0, 0, 7, 1) + bytes(size), 129, 0
else:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    # The checksum of mostly nothing.
    request, reply, skip = struct.pack('!BBHHH', 8, 0, ~(0x800 + 7 + 1) & 0xffff, 7, 1) + bytes(size), 0, 20
raw.settimeout(5)
raw.sendto(request, (address, 0))
while raw.recv(size + 100)[skip] != reply:
    pass
