// Prints, as JSON, the requests that deploying the folder given would send: read and resolved by the framework's own
// loader, formatted by the vendor's own toolkit. Nothing is sent.
const { loadInstanceConfig, resolveVariables, runningTemplate } = require('@serverless/components/src/cli/utils.js');
const { formatInputs } = require('tencent-component-toolkit/lib/modules/scf/utils.js');
const { default: kinds } = require('tencent-component-toolkit/lib/modules/triggers');

const credentials = { AppId: 'none', SecretId: 'none', SecretKey: 'none' };

async function main(folder) {
  const loaded = resolveVariables(await loadInstanceConfig(folder));
  // The framework's client sends JSON, which leaves out what is not set.
  const { inputs, ...instance } = JSON.parse(JSON.stringify(loaded));
  const triggers = inputs.events.map((event) => {
    const [type] = Object.keys(event);
    const trigger = new kinds[type]({ credentials, region: inputs.region });
    return trigger.formatInputs({
      region: inputs.region,
      inputs: { functionName: inputs.name, namespace: inputs.namespace, ...event[type] },
    }).triggerInputs;
  });
  // Where the framework takes the folder for a template, it deploys the folders below it instead.
  const template = runningTemplate(folder);
  console.log(JSON.stringify({ template, instance, source: inputs.src, region: inputs.region, function: formatInputs(inputs), triggers }, null, 2));
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
