// Consumes a Thing: does what it is told, a line of JSON each, and answers with one.
//
// node consumer.js URL_OF_THE_THING_DESCRIPTION
// {"op": "read", "name": …}                    -> {"value": …}
// {"op": "write", "name": …, "value": …}       -> {}
// {"op": "invoke", "name": …, "value": …}      -> {"value": …}
// {"op": "observe" or "subscribe", "name": …}  -> {}; later {"name": …, "value": …}
"use strict";

const readline = require("node:readline");

const { Servient } = require("@node-wot/core");
const { CoapClientFactory } = require("@node-wot/binding-coap");
const { HttpClientFactory } = require("@node-wot/binding-http");
const { MqttClientFactory } = require("@node-wot/binding-mqtt");

function say(answer) {
  console.log(JSON.stringify(answer));
}

async function done(thing, { op, name, value }) {
  const heard = async (output) => {
    // What there is to tell before the first event is nothing.
    const bytes = Buffer.from(await output.arrayBuffer());
    say({ name, value: bytes.length ? JSON.parse(bytes) : null });
  };
  switch (op) {
    case "read":
      return { value: await (await thing.readProperty(name)).value() };
    case "write":
      await thing.writeProperty(name, value);
      return {};
    case "invoke": {
      const output = await thing.invokeAction(name, value);
      return { value: output ? await output.value() : null };
    }
    case "observe":
      await thing.observeProperty(name, heard);
      return {};
    case "subscribe":
      await thing.subscribeEvent(name, heard);
      return {};
    default:
      throw new Error(`unknown: ${op}`);
  }
}

async function main([url]) {
  const servient = new Servient();
  servient.addClientFactory(new CoapClientFactory());
  servient.addClientFactory(new HttpClientFactory());
  servient.addClientFactory(new MqttClientFactory());
  const WoT = await servient.start();
  const description = url.startsWith("{")
    ? JSON.parse(url)
    : await WoT.requestThingDescription(url);
  const thing = await WoT.consume(description);
  say({ title: thing.getThingDescription().title });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    try {
      say(await done(thing, JSON.parse(line)));
    } catch (error) {
      say({ error: String(error) });
    }
  }
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  say({ error: String(error) });
  process.exit(1);
});
