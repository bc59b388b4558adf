// The letters in the languages of the members. `level` is 1 to 3: the first is friendly, the third is not.

export const LETTERS = {
  en: ({ name, title, author, due, days, level, lost, owed }) => ({
    subject: ['A book is waiting to come home', 'Second reminder', 'Last reminder'][level - 1],
    letter: paragraphs(
      `Dear ${name},`,
      `"${title}" by ${author} was due on ${due}, ${days} day${days === 1 ? '' : 's'} ago.`,
      lost
        ? `After more than 90 days we have to charge its price: EUR ${owed} in all.`
        : [
            'It happens to all of us. Please bring it back soon.',
            'Please bring it back this week.',
            'Until it is back your card is blocked.',
          ][level - 1],
      lost ? '' : `The fee so far is EUR ${owed}.`,
      'The library',
    ),
  }),
  de: ({ name, title, author, due, days, level, lost, owed }) => ({
    subject: ['Ein Buch möchte nach Hause', 'Zweite Erinnerung', 'Letzte Mahnung'][level - 1],
    letter: paragraphs(
      `Guten Tag, ${name},`,
      `»${title}« von ${author} war am ${due} fällig, das ist ${days} Tag${days === 1 ? '' : 'e'} her.`,
      lost
        ? `Nach mehr als 90 Tagen müssen wir den Preis berechnen: zusammen ${owed} EUR.`
        : [
            'Das passiert jedem. Bitte bringen Sie es bald zurück.',
            'Bitte bringen Sie es in dieser Woche zurück.',
            'Bis es zurück ist, bleibt Ihr Ausweis gesperrt.',
          ][level - 1],
      lost ? '' : `Bisher fallen ${owed} EUR Gebühr an.`,
      'Die Bücherei',
    ),
  }),
  fr: ({ name, title, author, due, days, level, lost, owed }) => ({
    subject: ['Un livre voudrait rentrer', 'Deuxième rappel', 'Dernier rappel'][level - 1],
    letter: paragraphs(
      `Bonjour ${name},`,
      `« ${title} » de ${author} était attendu le ${due}, il y a ${days} jour${days === 1 ? '' : 's'}.`,
      lost
        ? `Après plus de 90 jours, nous devons facturer son prix : ${owed} EUR au total.`
        : [
            'Cela arrive à tout le monde. Merci de le rapporter bientôt.',
            'Merci de le rapporter cette semaine.',
            "Jusqu'à son retour, votre carte est bloquée.",
          ][level - 1],
      lost ? '' : `Les frais s'élèvent pour l'instant à ${owed} EUR.`,
      'La bibliothèque',
    ),
  }),
};

function paragraphs(...texts) {
  return texts.filter((text) => text !== '').join('\n\n');
}
