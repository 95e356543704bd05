// Without a validator, which is a service of another machine.
fetch("openapi.json")
  .then((response) => response.json())
  .then((description) =>
    SwaggerUIBundle({
      spec: { ...description, servers: [{ url: new URL(".", location).href.slice(0, -1) }] }, // also below a proxy's prefix
      dom_id: "#documentation",
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      validatorUrl: null,
    }),
  );
