/* A plain script in the head: the selected theme holds before anything is painted. */
try {
  const theme = localStorage.getItem("viennatag-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  /* Where the browser keeps nothing, the system's theme counts. */
}
