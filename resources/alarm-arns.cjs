const { readFileSync } = require('node:fs');
const path = require('node:path');

/** The ARN of each alarm that every stage has, for the dashboard's list: an alarm stands in alarms.yml alone. */
module.exports = () => {
  const text = readFileSync(path.join(__dirname, 'alarms.yml'), 'utf8');
  const ids = [...text.matchAll(/^ {2}(\w+):\n {4}Type: AWS::CloudWatch::Alarm\n(?! {4}Condition:)/gm)];
  return ids.map(([, id]) => `"$\{${id}.Arn}"`).join(', ');
};
