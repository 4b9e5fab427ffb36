/** Plugin of osls: everyone may read what is in the zip, whatever your umask. Lambda runs it as a user of its own. */
module.exports = class {
  constructor() {
    process.umask(0o022);
  }
};
