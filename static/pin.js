/* The pad for the PIN: with scripts the digits wait in the page, and only the fourth is sent, with the others. */
"use strict";
(() => {
  const { uno, todos } = window.taller;
  const pad = () => uno("#pin");
  const escribir = (form, texto) => {
    const lugares = todos(".lugares span", form);
    form.elements.escrito.value = texto;
    lugares.forEach((lugar, sitio) => lugar.classList.toggle("lleno", sitio < texto.length));
    uno(".lugares", form).setAttribute("aria-label", `${texto.length} de ${lugares.length} dígitos`);
    if (texto.length === lugares.length) form.requestSubmit();
  };
  const tocar = (form, tecla) => {
    if (form.dataset.enCurso) return;
    const { value } = form.elements.escrito;
    escribir(form, tecla === null ? value.slice(0, -1) : value + tecla);
  };
  document.addEventListener("reset", ({ target }) => {
    if (target === pad()) escribir(target, "");
  });
  document.addEventListener("click", (evento) => {
    const tecla = evento.target.closest("#pin .tecla");
    if (!tecla) return;
    evento.preventDefault();
    tocar(tecla.form, tecla.name === "digito" ? tecla.value : null);
  });
  document.addEventListener("keydown", (evento) => {
    const form = pad();
    if (!form || evento.ctrlKey || evento.metaKey || evento.altKey) return;
    if (/^[0-9]$/.test(evento.key)) tocar(form, evento.key);
    else if (evento.key === "Backspace") tocar(form, null);
  });
})();
