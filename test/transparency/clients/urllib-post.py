"""Posts 3 MB with a length, then the same in chunks, and prints the second answer."""
import sys
import urllib.request

body = b"0123456789" * 300_000
urllib.request.urlopen(sys.argv[1], data=body).read()
chunks = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=chunks, method="POST")).read().decode())
