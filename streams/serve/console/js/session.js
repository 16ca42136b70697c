// What the page remembers: the account, the token (this tab only), light or dark.

export const session = {
  get account() { return sessionStorage.getItem("account") ?? "default"; },
  set account(name) { sessionStorage.setItem("account", name); },
  get token() { return sessionStorage.getItem("token"); },
  set token(text) { sessionStorage.setItem("token", text); },
};

const preferred = matchMedia("(prefers-color-scheme: dark)");

export function currentTheme() {
  return localStorage.getItem("theme") ?? (preferred.matches ? "dark" : "light");
}

export function applyTheme(button) {
  const theme = currentTheme();
  document.documentElement.dataset.theme = theme;
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", `Use ${button.textContent.toLowerCase()} colours`);
}

export function toggleTheme(button) {
  localStorage.setItem("theme", currentTheme() === "dark" ? "light" : "dark");
  applyTheme(button);
}

export function followSystemTheme(button) {
  preferred.addEventListener("change", () => applyTheme(button));
}
