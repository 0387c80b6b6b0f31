"""Three mails over one connection, a large one among them, and one that is refused; prints the answers."""
import smtplib
import sys

with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), local_hostname="client") as smtp:
    print(smtp.ehlo())
    for size in (10, 70_000, 5_000_000):
        body = ("x" * 70 + "\r\n") * (size // 72 + 1)
        smtp.mail("a@example.org")
        smtp.rcpt("b@example.org")
        print(smtp.data(f"Subject: {size}\r\n\r\n.leading dot\r\n{body}"))
    print(smtp.docmd("NONSENSE"))
    try:
        smtp.sendmail("a@example.org", [], "nobody wants it")
    except smtplib.SMTPException as error:
        print(type(error).__name__)
