/** Function words: the most frequent ones, and those that tell neighbours apart; both ways where accents are often left out. */
export const functionWords: Readonly<Record<string, string>> = {
  en: "the of and to in is that it for was on with as are this be at by not have from or you an which but they his had we can been were will would has what there when who how your if their our about could should its my me do does please i he she her him them than then into only some these those because where why did am more just any no",
  de: "der die das und ist nicht ein eine einen einem einer zu den dem des von mit für fur auf sich es im auch als an werden aus er sie ich wir ihr wie bei oder nur noch nach wird sind war haben hat kann können konnen wenn aber dass daß mir mich dir dich bitte warum wo wer über uber durch sehr mehr mein meine dein ihre ihren diese dieser dieses zum zur bis gibt schon muss was um doch mal nichts kein keine",
  fr: "le la les de des du un une et est que qui dans pour pas ne sur au aux avec il elle nous vous je ce cette ces son sa ses se plus par mais ou où sont être etre ont avoir été ete fait comme tout leur très tres si mon ma mes votre notre quand comment pourquoi parce peut peux suis êtes etes était etait j'ai c'est n'est d'un d'une qu'il l' à d' qu' sans sous entre donc bien faire quel quelle moi toi en y a",
  es: "el la los las de del que y en un una es por con para no se su al lo como más mas pero sus le ya o este esta está esta estoy sí si porque cuando muy sin sobre también tambien me hasta hay donde dónde quien desde todo nos durante uno mi ser son fue puede tiene qué cómo cual ese eso esto estos estas ellos yo tú usted nosotros por favor puedo quiero hacer he ha han era entre tengo mucho gracias",
  it: "il lo la i gli le di del della dei delle che e è un una uno per non con si da in sono ho hai ha come ma più piu anche al alla nel nella sul questo questa questi quello mi ti ci vi se cosa perché perche quando dove chi molto essere stato era suo sua loro mio mia tuo o ed a dal dalla vorrei puoi posso grazie qui quale quali fare già gia ancora tutto tutti abbiamo",
  pt: "o a os as de do da dos das que e em um uma é para com não nao se por mais no na nos nas ao como mas foi ele ela eu você voce ou ser quando muito há já ja também tambem só pelo pela até ate isso sua seu meu minha está esta estão são sao tem têm nós lhe este esse qual quem onde porque por que posso pode gostaria fazer à às era depois sem mesmo obrigado tenho estou",
  nl: "de het een en van ik te dat die in is niet op zijn aan met voor er maar om als hij ze ook naar bij wat dan nog wel geen kan uit deze dit door over je jij mijn heb heeft hebben worden wordt werd tot waar hoe waarom wie of wij ons onze uw u zou zal moet mag al meer veel zo toch hebt kunt kunnen gaat graag daar hun was",
  pl: "i w na z do nie się sie to że ze jest o jak co za po ale od czy ma tak dla przez tym już juz tylko był byl są sa jego ich lub może moze ten ta te mnie mi mam bardzo gdy kiedy gdzie dlaczego proszę prosze jestem być byc by pod przed który ktory która ktora które ktore oraz jeśli jesli bo mój moj moje czym kto tego",
  sv: "och att det är som en på för av med den till inte har jag de ett om var men så vi kan du han hon från eller när ska skulle hade mig min mitt mina dig din vad hur varför vem där här bara mycket också efter under än nu vill alla detta denna dessa man sig sin blev blir utan över finns ni er oss kommer",
  da: "og at det er som en på for af med den til ikke har jeg de et om var men så vi kan du han hun fra eller når skal skulle havde mig min mit mine dig din hvad hvordan hvorfor hvem hvor her bare meget også efter under end nu vil alle dette denne disse man sig blev bliver uden over være været noget nogle kun mere op ud",
  no: "og at det er som en på for av med den til ikke har jeg de et om var men så vi kan du han hun fra eller når skal skulle hadde meg min mitt mine deg din hva hvordan hvorfor hvem hvor her bare mye også etter under enn nå vil alle dette denne disse man seg ble blir uten over være vært noe noen kun mer opp ut",
  tr: "ve bir bu da de için icin ile mi mı ne o ben sen çok cok daha var yok gibi olarak olan olduğu oldugu ama en kadar değil degil ya her şey sey ki nasıl nasil neden nerede kim hangi benim senin bana sana biz siz onlar sonra önce lütfen lutfen misin mısın ise veya hem bunu şu ancak çünkü cunku oldu",
  cs: "a se v na je že ze s z do o to i k jako ale by po za si od pro jsem jsou být byt který ktery která které jeho tak jak co nebo když kdyz už uz jen má ma ještě jeste také take může muze mi mě me proč proc kde kdo prosím prosim není neni bylo byl byla bude tento toto této při aby u ve ze jste než podle",
  fi: "ja on ei se että etta oli hän han mutta ovat kun niin myös myos joka tai kuin olen mitä mita tämä tama voi ole minä mina sinä sina miten miksi missä missa kuka jos vain sen nyt hyvin kanssa sitä sita siitä siita olisi voiko minun sinun hänen ne he me te jo vielä viela mikä mika koska joita",
  ru: "и в не на что я с как а то все она так его но да ты к у же вы за бы по только её ее мне было вот от меня ещё еще нет о из ему теперь когда даже ну если уже или ни быть был него до вас нибудь вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже под будет это этот эта эти почему пожалуйста можно можешь мой моя мои который которые при",
  uk: "і в не на що я з як а то все вона так його але та ти до у же ви за би по тільки її мені було ось від мене ще ні про із йому тепер коли навіть якщо вже або бути був вас вам там потім себе нічого може вони де є треба для ми тебе їх чим була без чого теж під буде це цей ця ці чому будь ласка можна можеш мій моя мої який які яка при та й щоб",
  bg: "и в не на че аз с как а това всичко тя така но да ти към у вие за би по само ми беше от мен още няма из сега когато дори ако вече или ни съм си са е ще го се вас там после себе нищо може те къде има трябва тя за ние теб ги без какво също под бъде този тази тези защо моля можеш моят моята който които при до му им бях сме",
  ar: "في من على إلى الى أن ان هذا هذه التي الذي ما لا لم لن كان كانت هو هي هل كيف لماذا متى أين اين مع عن كل قد أو او ثم إذا اذا لكن بعد قبل بين أنا انا أنت نحن هم يمكن يمكنك أريد اريد عند حتى أي اي ذلك تلك و يا ليس غير كما حول شكرا",
  fa: "و در به از که این را با است برای آن یک تا هم من تو ما شما او آنها می نمی های اما یا اگر چه چرا کجا چگونه کی باید بود شد هر همه بر نیست هست کند شود دارد دارم خود دیگر بعد قبل لطفا خیلی چون چیزی کنم کنید ممنون",
};

/** Letters that a language has and most of its neighbours have not. */
export const tellingLetters: Readonly<Record<string, string>> = {
  de: "ßäöü",
  fr: "œçêèùûî",
  es: "ñ¿¡",
  it: "òìù",
  pt: "ãõç",
  pl: "łąęśżźćń",
  sv: "åäö",
  da: "åøæ",
  no: "åøæ",
  tr: "ğışçö",
  cs: "řěůžšč",
  fi: "äö",
  ru: "ыэё",
  uk: "іїєґ",
  bg: "ъ",
  fa: "پچژگکی",
  ar: "ةىيك",
};

/** Each script with its languages: where there is one only, the script tells it. */
export const scripts: readonly {
  readonly letter: RegExp;
  readonly languages: readonly string[];
  /** Letters of Latin script that say as much as one of these. */
  readonly weight: number;
}[] = [
  {
    letter: /\p{sc=Latin}/gu,
    languages: ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "no", "tr", "cs", "fi"],
    weight: 1,
  },
  { letter: /\p{sc=Cyrillic}/gu, languages: ["ru", "uk", "bg"], weight: 1 },
  { letter: /\p{sc=Arabic}/gu, languages: ["ar", "fa"], weight: 1 },
  { letter: /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/gu, languages: ["zh", "ja"], weight: 3 },
  { letter: /\p{sc=Hangul}/gu, languages: ["ko"], weight: 3 },
  { letter: /\p{sc=Greek}/gu, languages: ["el"], weight: 1 },
  { letter: /\p{sc=Hebrew}/gu, languages: ["he"], weight: 1 },
  { letter: /\p{sc=Thai}/gu, languages: ["th"], weight: 1 },
  { letter: /\p{sc=Devanagari}/gu, languages: ["hi"], weight: 1 },
];
