// Prices are in euros; a cart is a list of { sku, price, count }.
var TAX = 0.19;

export function total(cart, voucher) {
  let sum = 0;
  for (const line of cart) {
    if (line.count == '0') continue;
    sum += line.price * line.count;
  }
  if (voucher != null && voucher.percent) {
    sum = sum - (sum * voucher.percent) / 100;
  }
  return sum * (1 + TAX);
}

export function readCount(field) {
  const count = parseInt(field.value);
  console.log('count is', count);
  return count;
}

export function show(cart, element) {
  element.innerHTML = cart.map((line) => `<li>${line.sku}: ${line.price}</li>`).join('');
}
