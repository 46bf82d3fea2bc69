// Put into a test's copy of a page: what a reader would see, told to whoever frames the page.
addEventListener('load', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  // From rgb() to relative luminance (WCAG 2.2).
  const luminance = colour => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map(part => part / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  const contrast = colour => {
    const other = luminance(colour);
    return (Math.max(paper, other) + 0.05) / (Math.min(paper, other) + 0.05);
  };
  const styled = (selector, property) =>
    Array.from(document.querySelectorAll(selector), element => getComputedStyle(element)[property])
      .filter(colour => colour !== 'none');
  const least = colours => Math.min(...Array.from(new Set(colours), contrast));

  const images = Array.from(document.querySelectorAll('svg, img, canvas'))
    .filter(image => !image.closest('[aria-hidden=true]'));
  const text = id => document.getElementById(id)?.textContent.trim();
  const nameless = images.filter(image => image.getAttribute('role') !== 'img' ||
    !text(image.getAttribute('aria-labelledby')) || !text(image.getAttribute('aria-describedby')));
  const ids = Array.from(document.querySelectorAll('[id]'), element => element.id);

  // Labels over each other, beyond their drawing, or too small.
  const overlapping = [], outside = [];
  let smallest = Infinity;
  for (const image of images) {
    const sheet = image.getBoundingClientRect();
    const labels = Array.from(image.querySelectorAll('text'),
      label => ({ text: label.textContent.trim(), box: label.getBoundingClientRect() }));
    for (const [index, { text, box }] of labels.entries()) {
      const scale = sheet.width / image.viewBox.baseVal.width;
      smallest = Math.min(smallest, 44 * scale);
      if (box.left < sheet.left - 8 || box.right > sheet.right + 8 ||
          box.top < sheet.top - 4 || box.bottom > sheet.bottom + 4) outside.push(text);
      for (const other of labels.slice(index + 1)) {
        const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        // Boxes have room above and below the letters.
        if (wide > 1 && high > 4) overlapping.push(text + ' / ' + other.text);
      }
    }
  }

  // Whatever is wider than the page must be inside something that scrolls.
  const wide = Array.from(document.querySelectorAll('body *'))
    .filter(element => !element.parentElement.closest('.scroll') && !element.closest('svg') &&
      element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => element.tagName + '.' + element.className);

  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    requests: performance.getEntriesByType('resource').map(entry => entry.name),
    images: images.length,
    nameless: nameless.length,
    repeated: ids.filter((id, index) => ids.indexOf(id) !== index),
    tables: document.querySelectorAll('figure details table').length,
    figures: document.querySelectorAll('figure').length,
    overlapping, outside, wide,
    smallest: Number.isFinite(smallest) ? smallest : null,
    textContrast: least([...styled('body *:not(svg *)', 'color'), ...styled('svg text', 'fill')]),
    lineContrast: least([...styled('.chart [class^=k-s]', 'stroke'), ...styled('.chart [class^=f-s]', 'fill')]),
  }), '*');
});
