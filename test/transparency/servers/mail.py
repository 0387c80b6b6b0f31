"""An SMTP server that answers a message with its checksum, so that its sender learns what arrived."""
import asyncio
import hashlib

from aiosmtpd.smtp import SMTP


class Checksum:
    async def handle_DATA(self, server, session, envelope):
        return f"250 {len(envelope.content)} {hashlib.sha256(envelope.content).hexdigest()} {envelope.rcpt_tos}"


async def main():
    loop = asyncio.get_running_loop()
    # None: of every family. aiosmtpd's own command listens on one address only.
    server = await loop.create_server(lambda: SMTP(Checksum(), hostname="mail"), None, 8025)
    await server.serve_forever()


asyncio.run(main())
