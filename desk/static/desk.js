// The desk page. Each piece is a module of its own.
import * as composer from "./composer.js";
import * as deliveries from "./deliveries.js";
import * as live from "./live.js";
import * as shortcuts from "./shortcuts.js";

composer.start();
deliveries.start();
shortcuts.start();
live.toEnd();
live.follow();
