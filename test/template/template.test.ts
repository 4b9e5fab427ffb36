/**
 * What the packaged CloudFormation template must hold. Packaging takes seconds, so it is done once: each
 * part has a file of its own, and they all run in this one.
 */
import './functions.ts';
import './roles.ts';
import './messages.ts';
import './api.ts';
import './alarms.ts';
import './rules.ts';
