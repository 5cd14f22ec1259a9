import { stirlingError } from "./stirling.ts";

/** log Γ(x) for x > 0, of full relative accuracy also at the zeros 1 and 2. */
export function logGammaFunction(x: number): number {
  if (x >= 10) return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + stirlingError(x);
  if (x < 0.5) return logGammaFunction(1 + x) - Math.log(x);
  if (x < 1.5) return aroundTwo(x - 1) - Math.log1p(x - 1);
  let shifted = x;
  let product = 1;
  while (shifted > 2.5) {
    shifted -= 1;
    product *= shifted;
  }
  return aroundTwo(shifted - 2) + Math.log(product);
}

/** log Γ(2 + z) for |z| ≤ ½: (1 − γ)z + Σ (−1)^k·(ζ(k) − 1)·z^k / k (DLMF 5.7.3). */
function aroundTwo(z: number): number {
  let sum = 0;
  for (let i = zetaTerms.length - 1; i >= 0; i--) sum = (zetaTerms[i] ?? 0) - z * sum;
  return z * (oneMinusEuler + z * sum);
}

const oneMinusEuler = 0.42278433509846713;

/** (ζ(k) − 1) / k from k = 2. */
const zetaTerms = [
  0.3224670334241132, 0.0673523010531981, 0.020580808427784546, 0.007385551028673986, 0.0028905103307415234,
  0.001192753911703261, 0.0005096695247430425, 0.00022315475845357939, 9.945751278180853e-5,
  4.492623673813314e-5, 2.050721277567069e-5, 9.439488275268397e-6, 4.374866789907488e-6,
  2.039215753801366e-6, 9.55141213040742e-7, 4.492469198764566e-7, 2.1207184805554665e-7,
  1.0043224823968099e-7, 4.7698101693639804e-8, 2.2711094608943164e-8, 1.0838659214896955e-8,
  5.183475041970047e-9, 2.4836745438024785e-9, 1.1921401405860912e-9, 5.731367241678862e-10,
];
