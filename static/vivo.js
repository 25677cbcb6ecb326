/* What htmx's sse extension listens to. It asks for a source for the page that it shows and gets one of ours, fed by the
   one stream of this browser (corriente.js). Each source knows up to which journal id its page shows each view, so that
   nothing is missed and nothing old is shown: what cannot be told is said with `vivo:repintar`. */
"use strict";
(() => {
  const { avisar, ajustar } = window.taller;
  const RECORDADAS = 60;
  const fuentes = new Set();

  // ---------------------------------------------------------------- what was told lately, for a page that comes later
  let memoria = [];
  const completa = new Map(); // view → after which journal id the memory misses nothing
  const recordar = (novedad) => {
    if (novedad.html === null) empezar([[novedad.vista, novedad.id]]);
    else if (memoria.push(novedad) > RECORDADAS) completa.set(memoria[0].vista, memoria.shift().id);
  };
  /** From these journal ids on, everything about these views will be told. */
  const empezar = (vistas) => {
    for (const [vista, id] of vistas) {
      memoria = memoria.filter((novedad) => novedad.vista !== vista);
      completa.set(vista, id);
    }
  };
  const olvidar = () => {
    memoria = [];
    completa.clear();
  };

  // ---------------------------------------------------------------- the source that a page's element listens to
  class Fuente extends EventTarget {
    constructor(direccion) {
      super();
      const { searchParams } = new URL(direccion, location.href);
      this.hasta = new Map();
      fuentes.add(this);
      searchParams.getAll("vista").forEach((vista) => this.desde(vista, Number(searchParams.get("desde"))));
      avisar("vivo:fuentes");
    }

    /** The page shows everything up to the journal id `id`: tell it what came since. */
    desde(vista, id) {
      this.hasta.set(vista, id);
      this.prometido = 0;
      if (completa.get(vista) > id) return this.oir({ vista, id: completa.get(vista), html: null });
      for (const novedad of memoria) if (novedad.vista === vista) this.oir(novedad);
    }

    oir({ vista, id, html }) {
      if (!this.hasta.has(vista) || (html !== null && id <= this.hasta.get(vista))) return;
      this.hasta.set(vista, id);
      // Not in the same breath: the element that asked for this source may not listen yet.
      if (html === null) setTimeout(avisar, 0, "vivo:repintar", vista);
      else setTimeout(() => this.dispatchEvent(new MessageEvent(vista, { data: html })), 0);
    }

    /** What is not shown of what is known to have happened by `id` was lost. */
    exigir(vista, id) {
      if (this.hasta.get(vista) < id) this.oir({ vista, id, html: null });
    }

    /** By this heartbeat everything that the one before spoke of must have been told. */
    probar(revision) {
      for (const vista of this.hasta.keys()) this.exigir(vista, this.prometido);
      this.prometido = revision;
    }

    close() {
      fuentes.delete(this);
      avisar("vivo:fuentes");
    }
  }
  window.htmx.createEventSource = (direccion) => new Fuente(direccion);

  // ---------------------------------------------------------------- what arrives, from the stream or from another tab
  let retenidas = null;
  const entregar = (novedad) => {
    // Of what came before the beginning nobody knows what was missed.
    if (!completa.has(novedad.vista)) return;
    recordar(novedad);
    fuentes.forEach((fuente) => fuente.oir(novedad));
  };
  const probar = (hacer) => { if (!retenidas) fuentes.forEach(hacer); };

  window.taller.vivo = {
    /** One change of a view: its HTML, or null if the page has to read it anew. */
    novedad: (novedad) => { if (retenidas) retenidas.push(novedad); else entregar(novedad); },
    latido: ({ revision, hora }) => {
      ajustar(hora);
      probar((fuente) => fuente.probar(revision));
      avisar("vivo:latido");
    },
    cayo: () => avisar("vivo:cayo"),
    abierta: () => avisar("vivo:abierta"),
    empezar,
    olvidar,
    /** Another tab has told everything up to these ids: what this one did not hear is lost to it. */
    exigir: (vistas) => {
      empezar(vistas.filter(([vista]) => !completa.has(vista)));
      for (const [vista, id] of vistas) probar((fuente) => fuente.exigir(vista, id));
    },
    /** The views that this tab shows, and up to which journal id. */
    pedidas: () => {
      const todas = new Map();
      for (const { hasta } of fuentes) hasta.forEach((id, vista) => todas.set(vista, Math.min(id, todas.get(vista) ?? id)));
      return todas;
    },
    /** A part of the page was read anew and shows everything up to the journal id `id`. */
    leido: (vista, id) => fuentes.forEach((fuente) => { if (fuente.hasta.has(vista)) fuente.desde(vista, id); }),
    /** Nothing is handed over until `soltar`. */
    retener: () => { retenidas ??= []; },
    soltar: () => {
      const juntas = retenidas || [];
      retenidas = null;
      juntas.forEach(entregar);
    },
  };
})();
