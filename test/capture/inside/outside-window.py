"""Segments with data that are far outside of any window, as from a server at `source:sport` to `target:dport`."""
import random, socket, struct, sys

source, sport, target, dport = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])


def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(payload):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    head = (sport, dport, random.getrandbits(32), random.getrandbits(32), 5 << 4, 0x18, 512)
    bare = struct.pack('!HHIIBBHHH', *head, 0, 0) + payload
    total = checksum(ends + struct.pack('!BBH', 0, 6, len(bare)) + bare)
    return struct.pack('!HHIIBBHHH', *head, total, 0) + payload


def packet(body):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    bare = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), 0, 0, 64, 6, 0) + ends
    return bare[:10] + struct.pack('!H', checksum(bare)) + bare[12:] + body


# The whole of it, since the source need not be an address of whoever sends it.
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(20):
    raw.sendto(packet(segment(b'late' * 4)), (target, 0))
