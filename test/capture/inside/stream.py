"""A gigabyte each way over one connection: serves it, or with an address fetches it and sends as much."""
import socket, sys, threading

SIZE, CHUNK = 1 << 30, bytes(1 << 20)


def swap(connection):
    def send():
        for _ in range(SIZE // len(CHUNK)):
            connection.sendall(CHUNK)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received, buffer = 0, bytearray(1 << 20)
    while count := connection.recv_into(buffer):
        received += count
    sender.join()
    return received


if len(sys.argv) > 1:
    print(swap(socket.create_connection((sys.argv[1], 9000))))
else:
    server = socket.create_server(('0.0.0.0', 9000))
    print('ready', flush=True)
    print(swap(server.accept()[0]), flush=True)
