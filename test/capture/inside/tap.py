"""Prints the interface and the mark of every packet that a tap of this namespace sees."""
import socket, sys

tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
tap.setsockopt(socket.SOL_SOCKET, 75, 1)  # SO_RCVMARK
print('ready', flush=True)
while True:
    _, control, _, (interface, *_) = tap.recvmsg(64, 256)
    for _, kind, value in control:
        if kind == 36:  # SO_MARK
            print(interface, int.from_bytes(value, sys.byteorder), flush=True)
