// Says when the server cannot be reached: without it a click would just do nothing. All else works without.
"use strict";

(function () {
  const line = () => document.getElementById("connection");
  const show = (isLost) => {
    if (line()) line().hidden = !isLost;
  };
  document.addEventListener("htmx:sendError", () => show(true));
  document.addEventListener("htmx:timeout", () => show(true));
  document.addEventListener("htmx:afterOnLoad", () => show(false));
  window.addEventListener("offline", () => show(true));
  window.addEventListener("online", () => show(false));
})();
