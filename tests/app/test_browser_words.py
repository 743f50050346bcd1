"""All texts in a real Chromium: large enough and with enough contrast to be read."""

import pytest
from browsing import settled, with_board

pytestmark = pytest.mark.browser

SMALLEST = 11
"""Pixels of the smallest letters."""
HARD_TO_READ = """smallest => {
    const all = root => [...root.querySelectorAll('*')].flatMap(
        node => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])]);
    const parent = node => node.parentElement ?? node.getRootNode().host;
    const parts = text => {
        const [r, g, b, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
        const unit = text.startsWith('color(srgb') ? 255 : 1;
        return [r * unit, g * unit, b * unit, alpha];
    };
    const over = (top, below) => [0, 1, 2].map(
        i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const luminance = color => {
        const [r, g, b] = color.slice(0, 3).map(value => value / 255).map(
            value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = node => {
        const layers = [];
        for (let at = node; at; at = parent(at)) {
            const color = parts(getComputedStyle(at).backgroundColor);
            if (color[3] > 0) layers.push(color);
            if (color[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const opacity = node => {
        let product = 1;
        for (let at = node; at; at = parent(at)) product *= +getComputedStyle(at).opacity;
        return product;
    };
    // Not words, not active, or (the last two) on colours that CSS does not know.
    const skipped = 'style, script, title, option, [data-testid=stIconMaterial], [disabled], '
        + '[aria-disabled=true], :has(> [disabled]), [data-testid=stSlider], .hm, .plot';
    const found = [];
    for (const node of all(document)) {
        const words = [...node.childNodes].filter(child => child.nodeType === 3)
            .map(child => child.textContent.trim()).join('');
        const style = getComputedStyle(node), box = node.getBoundingClientRect();
        const hidden = style.visibility === 'hidden' || style.clipPath !== 'none';
        if (!words || hidden || !box.width || !box.height || node.closest(skipped)) continue;
        const back = behind(node);
        const ink = parts(node instanceof SVGElement ? style.fill : style.color);
        ink[3] *= opacity(node);
        if (ink[3] === 0) continue;
        const [light, dark] = [luminance(over(ink, back)), luminance(back)].sort((a, b) => b - a);
        const size = parseFloat(style.fontSize), contrast = (light + 0.05) / (dark + 0.05);
        const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
        if (size < smallest || contrast < (large ? 3 : 4.5))
            found.push(`${size}px ${contrast.toFixed(2)}:1 ${words.slice(0, 40)}`);
    }
    return found;
}"""
"""Words that are too small or below the contrast of WCAG 2.2 AA, criterion 1.4.3."""


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_words_can_be_read(visit, dark: bool):
    page = with_board(visit(dark=dark, dataset="planted", panel="attribution"))
    page.locator(".st-key-attribution .main-svg").first.wait_for()
    assert page.evaluate(HARD_TO_READ, SMALLEST) == []
    for name in ("Models", "Find"):
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(".main-svg").first.wait_for()
        settled(page)
        assert page.evaluate(HARD_TO_READ, SMALLEST) == []
