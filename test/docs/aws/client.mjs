// `aws` on the PATH of the shells: hands its command line to the stand-in, which is in the process of the test.
import http from 'node:http';

const { AWS_STAND_IN = '', ...environment } = process.env;
const request = http.request(AWS_STAND_IN, { method: 'POST' }, async (response) => {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const { code, stdout, stderr } = JSON.parse(text);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
});
request.end(JSON.stringify({ words: process.argv.slice(2), folder: process.cwd(), environment }));
