"""Writes a TCP connection's first packet to eth0 as whole frames, past the IP stack: smuggle.py <own ip> <kind> <mark>.
Prints `answered` when a server took it, `silence` when nothing came back."""
import os, random, select, socket, struct, subprocess, sys, time

SERVER, PORT = '10.66.0.1', 8080
own, kind, mark = sys.argv[1], sys.argv[2], int(sys.argv[3])
source = random.randrange(20000, 30000)


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ip(payload, fragment=0):
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), source, fragment, 64, 6, 0,
                       socket.inet_aton(own), socket.inet_aton(SERVER))
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def syn(data=b''):
    tcp = struct.pack('!HHIIBBHHH', source, PORT, 1, 0, 0x50, 0x02, 8192, 0, 0)
    pseudo = socket.inet_aton(own) + socket.inet_aton(SERVER) + struct.pack('!BBH', 0, 6, len(tcp + data))
    return tcp[:16] + struct.pack('!H', checksum(pseudo + tcp + data)) + tcp[18:] + data


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
raw.bind(('eth0', 0x0003))
neighbour = subprocess.run(['ip', 'neigh', 'show', SERVER], capture_output=True, text=True).stdout.split()
# Not from /sys, which may still be that of another network namespace.
ether = mac(neighbour[neighbour.index('lladdr') + 1]) + raw.getsockname()[4]
MORE = 0x2000
packets = {
    'syn': [ip(syn())],
    'bypass': [ip(syn())],
    'vlan': [ip(syn())],
    # The flags are in the second one.
    'fragments': [ip(syn()[:8], MORE), ip(syn()[8:], 1)],
    'first-fragment': [ip(syn(b'x' * 12)[:24], MORE), ip(syn(b'x' * 12)[24:], 3)],
}[kind]
tag = b'\x81\x00\x00\x00' if kind == 'vlan' else b''

if mark:
    raw.setsockopt(socket.SOL_SOCKET, 36, mark)
if kind == 'bypass':
    raw.setsockopt(263, 20, 1)
for packet in packets:
    try:
        raw.send(ether + tag + b'\x08\x00' + packet)
    except OSError as error:
        if os.environ.get('VERBOSE'):
            print(error)
deadline = time.monotonic() + 0.7
while (left := deadline - time.monotonic()) > 0:
    if not select.select([raw], [], [], left)[0]:
        break
    frame = raw.recv(2048)
    wanted = struct.pack('!HH', PORT, source)
    if wanted in frame[14:60] and frame[:6] == ether[6:12]:
        print('answered')
        sys.exit()
print('silence')
