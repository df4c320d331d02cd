// Shows under each reply how far it is.
import { onChange } from "./live.js";
import { part } from "./page.js";

const show = () => {
  for (const news of part("deliveries").children) {
    const place = part("messages").querySelector(`[data-id="${news.dataset.for}"] .sent`);
    if (place && place.innerHTML.trim() !== news.innerHTML.trim()) place.innerHTML = news.innerHTML;
  }
};

export const start = () => {
  if (part("deliveries")) onChange(show);
};
