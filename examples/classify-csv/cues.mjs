// The words by which the offline worker tells messages apart, in English, German and French.

const cue = (pattern, weight = 1) => ({ pattern, weight });

export const CUES = {
  topic: {
    safety: [cue(/dangerous|burned my|gets hurt|gefährlich|dangereux/, 4)],
    spam: [cue(/=hyperlink|you have won|voucher"\)/, 5)],
    account: [cue(/log in|password|passwort|mot de passe/, 2), cue(/account|konto|compte/, 2), cue(/my data/)],
    damage: [cue(/broken|sprung|crack|empty|missing|cassé|kaputt/, 3), cue(/wrong colour|falsche/, 3)],
    refund: [
      cue(/refund|money back|geld zurück|rembours/, 2),
      cue(/charged twice/, 3),
      cue(/returned|renvoyer|retour\b/, 2),
    ],
    delivery: [
      cue(/parcel|colis|paket|tracking|in transit/),
      cue(/not come|arrivée|livré|where is it/, 2),
      cue(/delivery|lieferadresse|liefer/, 2),
    ],
    order_change: [cue(/change my order|bestellung \d+: neu|ändern/, 3)],
    billing: [cue(/invoice|rechnung|facture|vat number/, 3)],
    website: [cue(/stürzt|fehler \d+|crashes|error \d+|seite/, 2)],
    praise: [cue(/thank you so much|vielen dank|wonderful|beautiful|wunderschön/, 2)],
    question: [cue(/\bdo you have|how do i|when will|is delivery/, 2), cue(/\?\s*$/)],
  },
  sentiment: {
    positive: [
      cue(/thank you|vielen dank|merci beaucoup/),
      cue(/beautiful|wonderful|wunderschön|solved it/),
      cue(/a day early/),
    ],
    negative: [
      cue(/terrible|lawyer|again\b.*money back/, 2),
      cue(/still (?:has )?not|toujours pas|never arrives|nobody answers/),
      cue(/broken|sprung|empty|missing|wrong|stürzt|charged twice|trop petits|leider/),
      cue(/dangerous|burned|at once|never bought/, 2),
      cue(/cannot log in/),
    ],
  },
  urgent: [
    cue(/at once|today|immediately|sofort|before somebody/),
    cue(/lawyer|dangerous|burned my|never bought|my card!/),
    cue(/charged twice/, 2),
    cue(/third time|not been sent yet/),
  ],
};

const list = (words) => new Set(words.split(' '));
export const STOP_WORDS = {
  en: list('the and is it to my for of was in not has with that have when how'),
  de: list('die der das und ist ich nicht mit für ein einen im bitte beim war ihre sind nur meine'),
  fr: list('le la les des est pas pour je ma sont ils comment quand bonjour pouvez vous deux'),
};
