// Things with every operation, served over HTTP, CoAP and (with a broker) MQTT at once.
//
// node things.js HTTP_PORT COAP_PORT [mqtt://HOST:PORT]
// Prints "ready", and ends on SIGINT or SIGTERM.
"use strict";

const { Helpers, Servient } = require("@node-wot/core");
const { HttpServer } = require("@node-wot/binding-http");
const { CoapServer } = require("@node-wot/binding-coap");
const { MqttBrokerServer } = require("@node-wot/binding-mqtt");

const HOST = "127.0.0.1";
const HOT = 60;

const COMMON = {
  "@context": "https://www.w3.org/2022/wot/td/v1.1",
  securityDefinitions: { none: { scheme: "nosec" } },
  security: ["none"],
};

const BENCH = {
  ...COMMON,
  id: "urn:example:bench",
  title: "bench",
  description: "Everything that a Thing can have",
  properties: {
    power: { type: "boolean", observable: true },
    level: {
      type: "integer",
      minimum: 0,
      maximum: 100,
      unit: "%",
      observable: true,
    },
    temperature: {
      type: "number",
      minimum: -40,
      maximum: 120,
      unit: "°C",
      readOnly: true,
      observable: true,
    },
    label: { type: "string", maxLength: 20 },
    mode: { type: "string", enum: ["eco", "comfort", "boost"], observable: true },
    night: {
      type: "object",
      properties: {
        hour: { type: "integer", minimum: 0, maximum: 23 },
        dim: { type: "number" },
        window: {
          type: "object",
          properties: { from: { type: "string" }, to: { type: "string" } },
        },
      },
    },
    serial: { type: "string", readOnly: true },
    forecast: {
      type: "number",
      readOnly: true,
      uriVariables: { hours: { type: "integer", default: 3 } },
    },
  },
  actions: {
    reset: { description: "Back to the beginning" },
    heat: { input: { type: "number" } },
    double: { input: { type: "integer" }, output: { type: "integer" } },
    fade: {
      input: {
        type: "object",
        properties: { to: { type: "integer" }, seconds: { type: "number" } },
        required: ["to"],
      },
      output: {
        type: "object",
        properties: { from: { type: "integer" }, to: { type: "integer" } },
      },
    },
  },
  events: {
    overheated: {
      data: {
        type: "object",
        properties: {
          temperature: { type: "number" },
          level: { type: "integer" },
        },
      },
    },
    warmed: { data: { type: "number" } },
  },
};

// node-wot reads no Thing as a whole that has something which cannot be read.
const VAULT = {
  ...COMMON,
  id: "urn:example:vault",
  title: "vault",
  properties: {
    pin: { type: "string", writeOnly: true },
    locked: { type: "boolean", readOnly: true, observable: true },
  },
  actions: { lock: {} },
};

const PIN = "2468";

const BEGINNING = {
  power: false,
  level: 3,
  temperature: 21.5,
  label: "hall",
  mode: "eco",
  night: { hour: 22, dim: 0.5, window: { from: "dusk", to: "dawn" } },
  serial: "B-1",
};

function bench(thing) {
  const values = structuredClone(BEGINNING);

  function put(name, value) {
    values[name] = value;
    thing.emitPropertyChange(name);
    if (name === "temperature") {
      thing.emitPropertyChange("forecast");
    }
  }

  for (const name of Object.keys(BEGINNING)) {
    thing.setPropertyReadHandler(name, async () => values[name]);
    if (!BENCH.properties[name].readOnly) {
      thing.setPropertyWriteHandler(name, async (written) => {
        put(name, await written.value());
      });
    }
  }
  thing.setPropertyReadHandler("forecast", async (options) => {
    return values.temperature + Number(options?.uriVariables?.hours ?? 3);
  });

  thing.setActionHandler("reset", async () => {
    for (const [name, value] of Object.entries(structuredClone(BEGINNING))) {
      put(name, value);
    }
  });
  thing.setActionHandler("heat", async (input) => {
    const temperature = await input.value();
    put("temperature", temperature);
    thing.emitEvent("warmed", temperature);
    if (temperature > HOT) {
      thing.emitEvent("overheated", { temperature, level: values.level });
    }
  });
  thing.setActionHandler("double", async (input) => 2 * (await input.value()));
  thing.setActionHandler("fade", async (input) => {
    const { to } = await input.value();
    if (to > 100) {
      throw new Error("expected at most 100");
    }
    const from = values.level;
    put("level", to);
    return { from, to };
  });
}

function vault(thing) {
  let locked = true;

  function put(value) {
    locked = value;
    thing.emitPropertyChange("locked");
  }

  thing.setPropertyReadHandler("locked", async () => locked);
  thing.setPropertyWriteHandler("pin", async (written) => {
    put((await written.value()) !== PIN);
  });
  thing.setActionHandler("lock", async () => put(true));
}

// What its CoAP server does of observation: it ends the answer to an observer at once
// (https://github.com/eclipse-thingweb/node-wot/issues/1233). And it reads several
// properties in the formats that the forms of each have for another protocol.
class ObservableCoapServer extends CoapServer {
  async handleObserveProperty(property, req, contentType, thing, res, name) {
    if (req.headers.Observe !== 0) {
      this.handleReadProperty(property, req, contentType, thing, res, name);
      return;
    }
    const options = this.createInteractionOptions(
      property.forms, thing, req, contentType, property.uriVariables,
    );
    const tell = (content) => this.notify(res, content);
    await tell(await thing.handleReadProperty(name, options));
    await thing.handleObserveProperty(name, tell, options);
    res.on("finish", () => thing.handleUnobserveProperty(name, tell, options));
  }

  async handleEventRequest(thing, name, req, res, contentType) {
    const event = thing.events[name];
    if (event == null || req.headers.Observe !== 0) {
      await super.handleEventRequest(thing, name, req, res, contentType);
      return;
    }
    const options = this.createInteractionOptions(
      event.forms, thing, req, contentType, event.uriVariables,
    );
    const tell = (content) => this.notify(res, content);
    res.code = "2.05";
    res.write(Buffer.alloc(0));
    await thing.handleSubscribeEvent(name, tell, options);
    res.on("finish", () => thing.handleUnsubscribeEvent(name, tell, options));
  }

  async handleReadMultipleProperties(forms, req, contentType, thing, res) {
    await super.handleReadMultipleProperties([], req, contentType, thing, res);
  }

  async notify(res, content) {
    res.setOption("Content-Format", content.type);
    res.code = "2.05";
    res.write(await content.toBuffer());
  }
}

async function main([http, coap, broker]) {
  Helpers.setStaticAddress(HOST);
  const servient = new Servient();
  servient.addServer(
    new HttpServer({
      address: HOST,
      port: Number(http),
      urlRewrite: { "/.well-known/wot": "/bench" },
    }),
  );
  servient.addServer(new ObservableCoapServer({ address: HOST, port: Number(coap) }));
  if (broker) {
    servient.addServer(new MqttBrokerServer({ uri: broker }));
  }
  const WoT = await servient.start();
  for (const [description, handle] of [
    [BENCH, bench],
    [VAULT, vault],
  ]) {
    const thing = await WoT.produce(description);
    handle(thing);
    await thing.expose();
  }
  console.log("ready");
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => process.exit(0));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
