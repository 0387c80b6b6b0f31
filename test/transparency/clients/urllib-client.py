"""Reads a listing, a large file and a missing one with urllib, and many times over one http.client connection."""
import hashlib
import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request

base = sys.argv[1]
print(urllib.request.urlopen(f"{base}/listing/").read().decode())
print(hashlib.sha256(urllib.request.urlopen(f"{base}/large.bin").read()).hexdigest())
try:
    urllib.request.urlopen(f"{base}/missing")
except urllib.error.HTTPError as error:
    print(error.code, error.reason)

connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)
for _ in range(20):
    connection.request("GET", "/small.txt")
    print(len(connection.getresponse().read()))
