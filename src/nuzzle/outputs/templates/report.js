"use strict";
/* Ethograms: read under the pointer or with arrow keys; drag, or press + and -, to zoom.
   A lane's path is its data: "M12 0h30v1h-30z". */
(function () {
  function two(n) { return String(n).padStart(2, "0"); }

  function clock(seconds, step) {
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    const factor = Math.pow(10, digits);
    const whole = Math.round(seconds * factor);
    const s = whole / factor;
    const hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60;
    const rest = (whole - (hours * 3600 + minutes * 60) * factor) / factor;
    const tail = rest.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
    return hours ? hours + ":" + two(minutes) + ":" + tail : minutes + ":" + tail;
  }

  function niceStep(span, most) {
    const steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
    return steps.find(function (step) { return span / step <= most; }) || Math.ceil(span / most / 3600) * 3600;
  }

  function intervals(path) {
    const found = [];
    for (const part of path.getAttribute("d").matchAll(/M(\d+) 0h(\d+)/g)) {
      found.push([Number(part[1]), Number(part[1]) + Number(part[2])]);
    }
    return found;
  }

  function under(list, frame) {
    return list.find(function (bout) { return bout[0] <= frame && frame < bout[1]; });
  }

  function setUp(figure) {
    const frames = Number(figure.dataset.frames), fps = Number(figure.dataset.fps);
    const start = Number(figure.dataset.start);  // of the recording in its video
    const boxes = Array.from(figure.querySelectorAll(".lane-box"));
    const lanes = figure.querySelector(".lanes");
    const axis = figure.querySelector(".time-axis");
    const cursor = document.createElement("div");
    cursor.className = "cursor";
    const readout = figure.querySelector(".readout");
    const reset = figure.querySelector(".reset");
    const data = boxes.map(function (box) {
      return Array.from(box.querySelectorAll("path[data-behaviour], path[data-unseen]")).map(function (path) {
        return { name: path.dataset.behaviour || "", blank: path.dataset.unseen, bouts: intervals(path) };
      });
    });
    let from = 0, to = frames, at = 0, grabbed = null, shade = null;

    function show(first, last) {
      from = first; to = last;
      boxes.forEach(function (box) {
        box.querySelector("svg").setAttribute("viewBox", from + " 0 " + (to - from) + " 1");
      });
      const step = niceStep((to - from) / fps, Math.min(Math.max(axis.clientWidth / 70, 1), 8));
      axis.replaceChildren();
      const first_s = (start + from) / fps, last_s = (start + to) / fps;
      for (let i = Math.ceil(first_s / step - 1e-9); i * step <= last_s + 1e-9; i += 1) {
        const tick = document.createElement("span");
        tick.style.left = 100 * (i * step * fps - start - from) / (to - from) + "%";
        tick.textContent = clock(i * step, step);
        axis.appendChild(tick);
      }
      reset.hidden = from === 0 && to === frames;
    }

    function frameAt(box, event) {
      const place = box.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - place.left) / place.width, 0), 1);
      return from + share * (to - from);
    }

    function tell(frame) {
      const said = new Map();
      boxes.forEach(function (each, index) {
        data[index].forEach(function (path) {
          const bout = under(path.bouts, frame);
          if (!bout) { return; }
          const length = " (" + ((bout[1] - bout[0]) / fps).toFixed(2) + " s)";
          const text = path.name ? path.name + length : path.blank;
          const who = said.get(each.dataset.name) || [];
          if (!who.includes(text)) { said.set(each.dataset.name, who.concat(text)); }
        });
      });
      const parts = [clock((start + frame) / fps, 0.01), "frame " + (start + frame)];
      said.forEach(function (names, who) { parts.push(who + ": " + names.join(", ")); });
      readout.textContent = parts.join(" · ");
    }

    boxes.forEach(function (box) {
      box.addEventListener("pointermove", function (event) {
        tell(Math.min(Math.floor(frameAt(box, event)), frames - 1));
        if (grabbed === null || !shade) { return; }
        const now = frameAt(box, event), low = Math.min(grabbed, now);
        shade.style.left = 100 * (low - from) / (to - from) + "%";
        shade.style.width = 100 * Math.abs(now - grabbed) / (to - from) + "%";
      });
      box.addEventListener("pointerleave", function () { if (grabbed === null) { readout.textContent = ""; } });
      box.addEventListener("pointerdown", function (event) {
        if (event.button !== 0) { return; }
        grabbed = frameAt(box, event);
        box.setPointerCapture(event.pointerId);
        shade = document.createElement("div");
        shade.className = "drag";
        box.appendChild(shade);
      });
      box.addEventListener("pointerup", function (event) {
        if (grabbed === null) { return; }
        const now = frameAt(box, event);
        const first = Math.floor(Math.min(grabbed, now)), last = Math.ceil(Math.max(grabbed, now));
        grabbed = null; shade.remove();
        const least = 0.01 * (to - from);
        if (last - first >= Math.max(least, 8)) { show(first, Math.min(last, frames)); }
      });
      box.addEventListener("pointercancel", function () { grabbed = null; if (shade) { shade.remove(); } });
      box.addEventListener("dblclick", function () { show(0, frames); });
    });
    reset.addEventListener("click", function () { show(0, frames); });

    function point() {
      cursor.style.left = 100 * (at + 0.5 - from) / (to - from) + "%";
      cursor.style.height = axis.offsetTop - lanes.offsetTop + "px";
      axis.appendChild(cursor);
      tell(at);
    }

    /* As many frames as that, with the cursor where it stands, or in the middle if out of sight. */
    function zoom(span) {
      const wide = Math.min(Math.max(Math.round(span), Math.min(8, frames)), frames);
      const share = from <= at && at < to ? (at - from) / (to - from) : 0.5;
      const first = Math.min(Math.max(Math.round(at - share * wide), 0), frames - wide);
      show(first, first + wide);
    }

    function move(by) {
      at = Math.min(Math.max(at + by, 0), frames - 1);
      if (at < from || at >= to) { zoom(to - from); }
    }

    lanes.addEventListener("focus", function () {
      if (lanes.matches(":focus-visible")) { point(); }
    });
    lanes.addEventListener("blur", function () { cursor.remove(); readout.textContent = ""; });
    lanes.addEventListener("keydown", function (event) {
      const step = Math.max(1, Math.round((to - from) / 100));
      const does = {
        ArrowLeft: function () { move(-step); },
        ArrowRight: function () { move(step); },
        "+": function () { zoom((to - from) / 2); },
        "-": function () { zoom((to - from) * 2); },
        Escape: function () { show(0, frames); },
      }[event.key === "=" ? "+" : event.key];
      if (!does || event.ctrlKey || event.metaKey || event.altKey) { return; }
      event.preventDefault();
      does();
      point();
    });
    new ResizeObserver(function () {
      const pointed = cursor.isConnected;
      show(from, to);
      if (pointed) { point(); }
    }).observe(axis);
  }

  document.querySelectorAll(".ethogram").forEach(setUp);
})();
