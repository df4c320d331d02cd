// The desk page. Each piece is a module of its own.
import * as alerts from "./alerts.js";
import * as canned from "./canned.js";
import * as composer from "./composer.js";
import * as deliveries from "./deliveries.js";
import * as learning from "./learning.js";
import * as live from "./live.js";
import * as search from "./search.js";
import * as shortcuts from "./shortcuts.js";
import * as typing from "./typing.js";

for (const piece of [alerts, canned, composer, deliveries, learning, search, shortcuts, typing]) piece.start();
live.toEnd();
live.follow();
