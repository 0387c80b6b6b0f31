"""Sends a TCP segment that is no first one, and is larger than the interface takes: the kernel cuts it into fragments."""
import socket, struct

raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: IP_PMTUDISC_DONT
raw.sendto(struct.pack('!HHIIBBHHH', 1, 9, 1, 1, 0x50, 0x10, 8192, 0, 0) + bytes(4000), ('10.66.0.1', 0))
