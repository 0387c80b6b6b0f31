// The shop's ordinary traffic: lists orders, opens each, and looks at its own report; once a second, for ever.
import { Agent, get } from 'node:http';

const agent = new Agent({ keepAlive: true });

const call = (url) =>
  new Promise((resolve) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }).on('error', (error) => resolve({ status: 0, text: error.message }));
  });

const visit = async () => {
  const list = await call('http://orders/orders');
  if (list.status === 200)
    for (const id of JSON.parse(list.text).orders) await call(`http://orders/orders/${id}`);
  await call('http://report/report?user=frontend');
};

for (;;) {
  await visit();
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
