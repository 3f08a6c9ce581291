/** An emoji, and what it is called and found by; the first is its name. */
export type Emoji = {
  readonly emoji: string;
  readonly en: readonly string[];
  readonly de: readonly string[];
};

/** One a line: the emoji, English words, German words. */
const TABLE = {
  smileys: `
    😀 | grinning face, smile, happy | grinsendes Gesicht, lachen, froh
    😃 | smiling face with open mouth, happy, joy | lächelndes Gesicht mit offenem Mund, froh, Freude
    😄 | smiling face with laughing eyes, happy | lächelndes Gesicht mit lachenden Augen, froh
    😁 | beaming face, grin, teeth | strahlendes Gesicht, grinsen, Zähne
    😆 | laughing face, squint, haha | lachendes Gesicht, haha, kichern
    😅 | smiling face with sweat, phew, relief | lächelndes Gesicht mit Schweiß, puh, Erleichterung
    🤣 | rolling on the floor laughing, rofl, lol | am Boden vor Lachen, rofl, lol
    😂 | face with tears of joy, lol, laugh | Freudentränen, lachen, lol
    🙂 | slightly smiling face, fine | leicht lächelndes Gesicht, gut
    🙃 | upside-down face, silly, irony | umgekehrtes Gesicht, albern, Ironie
    😉 | winking face, wink | zwinkerndes Gesicht, zwinkern
    😊 | smiling face with smiling eyes, blush | lächelndes Gesicht mit roten Wangen, verlegen
    😇 | smiling face with halo, angel, innocent | lächelndes Gesicht mit Heiligenschein, Engel, unschuldig
    🥰 | smiling face with hearts, love, adore | lächelndes Gesicht mit Herzen, verliebt, Liebe
    😍 | heart eyes, love, crush | Herzaugen, verliebt, Liebe
    🤩 | star-struck, wow, eyes | Sternenaugen, begeistert, wow
    😘 | face blowing a kiss, love | Kuss zuwerfen, Kussmund, Liebe
    😗 | kissing face, kiss | küssendes Gesicht, Kuss
    😚 | kissing face with closed eyes, kiss | küssendes Gesicht mit geschlossenen Augen, Kuss
    🥲 | smiling face with tear, touched | lächelndes Gesicht mit Träne, gerührt
    😋 | face savouring food, yum, tasty | leckeres Essen genießen, lecker, Zunge
    😛 | face with tongue, cheeky | Gesicht mit Zunge, frech
    😜 | winking face with tongue, joke | zwinkerndes Gesicht mit Zunge, Spaß
    🤪 | zany face, crazy, goofy | verrücktes Gesicht, durchgeknallt, irre
    🤗 | hugging face, hug | umarmendes Gesicht, Umarmung
    🤭 | face with hand over mouth, giggle, oops | Hand vor dem Mund, kichern, ups
    🤫 | shushing face, quiet, secret | psst, leise, Geheimnis
    🤔 | thinking face, hmm | nachdenkliches Gesicht, grübeln, hm
    🤐 | zipper-mouth face, silence, secret | Reißverschluss am Mund, schweigen, Geheimnis
    🤨 | face with raised eyebrow, doubt | hochgezogene Augenbraue, Zweifel, skeptisch
    😐 | neutral face, meh | neutrales Gesicht, na ja
    😑 | expressionless face, blank | ausdrucksloses Gesicht, genervt
    😶 | face without mouth, speechless | Gesicht ohne Mund, sprachlos
    😏 | smirking face, smug | süffisantes Lächeln, selbstgefällig
    😒 | unamused face, annoyed | verstimmtes Gesicht, genervt
    🙄 | face with rolling eyes, whatever | Augen rollen, genervt
    😬 | grimacing face, awkward | Grimasse, peinlich
    😌 | relieved face, calm | erleichtertes Gesicht, ruhig
    😔 | pensive face, sad | nachdenklich trauriges Gesicht, bedrückt
    😴 | sleeping face, tired, zzz | schlafendes Gesicht, müde, Schlaf
    🥱 | yawning face, tired, bored | gähnendes Gesicht, müde, langweilig
    😷 | face with mask, ill, doctor | Gesicht mit Maske, krank, Arzt
    🤒 | face with thermometer, ill, fever | Gesicht mit Thermometer, krank, Fieber
    🤕 | face with bandage, hurt | Gesicht mit Verband, verletzt, Aua
    🤢 | nauseated face, sick, disgust | würgendes Gesicht, übel, Ekel
    🤮 | vomiting face, sick | kotzendes Gesicht, übel, Ekel
    🤧 | sneezing face, cold, tissue | niesendes Gesicht, Erkältung, Taschentuch
    🥵 | hot face, heat, sweat | schwitzendes Gesicht, heiß, Hitze
    🥶 | cold face, freezing | frierendes Gesicht, kalt, Kälte
    😵 | dizzy face, knocked out | benommenes Gesicht, schwindelig
    🤯 | exploding head, mind blown | explodierender Kopf, unfassbar
    🥳 | partying face, party, birthday | feierndes Gesicht, Party, Geburtstag
    😎 | smiling face with sunglasses, cool | Gesicht mit Sonnenbrille, cool
    🤓 | nerd face, glasses, geek | Streber, Nerd, Brille
    🧐 | face with monocle, inspect | Gesicht mit Monokel, prüfen
    😕 | confused face, unsure | verwirrtes Gesicht, unsicher
    😟 | worried face, concern | besorgtes Gesicht, Sorge
    🙁 | slightly frowning face, sad | leicht trauriges Gesicht, schade
    😮 | face with open mouth, wow, surprised | erstauntes Gesicht, oh, überrascht
    😯 | hushed face, surprised | verblüfftes Gesicht, überrascht
    😲 | astonished face, shocked | erschrockenes Gesicht, erstaunt
    😳 | flushed face, embarrassed | errötetes Gesicht, peinlich, verlegen
    🥺 | pleading face, please, puppy eyes | bettelndes Gesicht, bitte, Hundeblick
    😧 | anguished face, dismay | gequältes Gesicht, entsetzt
    😨 | fearful face, scared | ängstliches Gesicht, Angst
    😰 | anxious face with sweat, nervous | besorgtes Gesicht mit Schweiß, nervös, Angst
    😥 | sad but relieved face, phew | trauriges, aber erleichtertes Gesicht, puh
    😢 | crying face, sad, tear | weinendes Gesicht, traurig, Träne
    😭 | loudly crying face, sob, sad | laut weinendes Gesicht, heulen, traurig
    😱 | screaming face, fear, horror | schreiendes Gesicht, Angst, Horror
    😞 | disappointed face, sad | enttäuschtes Gesicht, traurig
    😓 | downcast face with sweat, stress | bedrücktes Gesicht mit Schweiß, Stress
    😩 | weary face, tired | erschöpftes Gesicht, müde
    😤 | face with steam from nose, triumph, huff | schnaubendes Gesicht, Wut, Triumph
    😡 | enraged face, angry, mad | wütendes rotes Gesicht, sauer, Zorn
    😠 | angry face, mad | verärgertes Gesicht, wütend, sauer
    🤬 | swearing face, cursing | fluchendes Gesicht, schimpfen
    😈 | smiling face with horns, devil | grinsendes Gesicht mit Hörnern, Teufel
    💀 | skull, dead | Totenkopf, Schädel, tot
    💩 | pile of poo, poop | Kothaufen, Kacke
    🤡 | clown face, clown | Clown, Zirkus
    👻 | ghost, halloween | Gespenst, Geist, Halloween
    👽 | alien, space | Außerirdischer, Alien
    🤖 | robot, bot | Roboter, Bot`,
  people: `
    👍 | thumbs up, yes, like, good | Daumen hoch, ja, gut, gefällt mir
    👎 | thumbs down, no, bad | Daumen runter, nein, schlecht
    👌 | ok hand, perfect | okay, perfekt, in Ordnung
    🤌 | pinched fingers, italian | zusammengedrückte Finger, italienisch
    ✌️ | victory hand, peace | Siegeszeichen, Frieden, Victory
    🤞 | crossed fingers, luck, hope | gedrückte Daumen, Glück, hoffen
    🤟 | love-you gesture, hand | Ich-liebe-dich-Geste, Hand
    🤘 | sign of the horns, rock | Metal-Zeichen, Rock, Hörner
    🤙 | call me hand, phone | ruf mich an, Telefon, Surfergruß
    👈 | pointing left, hand | nach links zeigen, Hand
    👉 | pointing right, hand | nach rechts zeigen, Hand
    👆 | pointing up, hand | nach oben zeigen, Hand
    👇 | pointing down, hand | nach unten zeigen, Hand
    ☝️ | index pointing up, attention | erhobener Zeigefinger, Achtung
    ✋ | raised hand, stop, high five | erhobene Hand, stopp, High Five
    👋 | waving hand, hello, bye | winkende Hand, hallo, tschüss
    🖐️ | hand with fingers splayed, five | gespreizte Hand, fünf
    👏 | clapping hands, applause, bravo | klatschende Hände, Applaus, bravo
    🙌 | raising hands, hooray | erhobene Hände, hurra, jubeln
    🫶 | heart hands, love | Herz mit Händen, Liebe
    👐 | open hands, hug | offene Hände, Umarmung
    🤝 | handshake, deal | Händedruck, Abmachung, einverstanden
    🙏 | folded hands, please, thanks, pray | gefaltete Hände, bitte, danke, beten
    💪 | flexed biceps, strong, muscle | angespannter Bizeps, stark, Muskel
    ✍️ | writing hand, write | schreibende Hand, schreiben
    👀 | eyes, look, watch | Augen, schauen, gucken
    🧠 | brain, clever | Gehirn, klug, denken
    👂 | ear, listen | Ohr, hören
    👶 | baby, child | Baby, Kind
    🧒 | child, kid | Kind
    👩 | woman | Frau
    👨 | man | Mann
    👵 | old woman, grandmother | ältere Frau, Oma, Großmutter
    👴 | old man, grandfather | älterer Mann, Opa, Großvater
    🤷 | shrug, no idea | Schulterzucken, keine Ahnung
    🤦 | facepalm, embarrassed | Hand vorm Gesicht, Facepalm, peinlich
    🙋 | person raising hand, question | Person mit erhobener Hand, melden, Frage
    🙅 | person gesturing no, forbidden | Nein-Geste, verboten
    🙆 | person gesturing ok | Okay-Geste, alles gut
    🙇 | bowing person, sorry, thanks | verbeugende Person, Entschuldigung, danke
    💁 | person tipping hand, information | Person mit erhobener Handfläche, Information
    🏃 | person running, hurry | laufende Person, rennen, eilig
    🚶 | person walking, go | gehende Person, spazieren
    💃 | dancing woman, dance, party | tanzende Frau, tanzen, Party
    🕺 | dancing man, dance, party | tanzender Mann, tanzen, Party
    🧘 | person in lotus position, yoga, calm | Person im Lotussitz, Yoga, Ruhe
    👨‍👩‍👧‍👦 | family, parents, children | Familie, Eltern, Kinder
    💑 | couple with heart, love | Liebespaar, Liebe
    🫂 | people hugging, hug, comfort | sich umarmende Personen, Umarmung, trösten
    🗣️ | speaking head, talk | sprechender Kopf, reden`,
  hearts: `
    ❤️ | red heart, love | rotes Herz, Liebe
    🧡 | orange heart, love | oranges Herz, Liebe
    💛 | yellow heart, love | gelbes Herz, Liebe
    💚 | green heart, love | grünes Herz, Liebe
    💙 | blue heart, love | blaues Herz, Liebe
    💜 | purple heart, love | lila Herz, Liebe
    🖤 | black heart | schwarzes Herz
    🤍 | white heart | weißes Herz
    🤎 | brown heart | braunes Herz
    💔 | broken heart, heartbreak | gebrochenes Herz, Liebeskummer
    ❤️‍🔥 | heart on fire, passion | brennendes Herz, Leidenschaft
    💕 | two hearts, love | zwei Herzen, Liebe
    💞 | revolving hearts, love | kreisende Herzen, Liebe
    💗 | growing heart, love | wachsendes Herz, Liebe
    💖 | sparkling heart, love | funkelndes Herz, Liebe
    💘 | heart with arrow, cupid | Herz mit Pfeil, Amor, verliebt
    💝 | heart with ribbon, gift | Herz mit Schleife, Geschenk
    💋 | kiss mark, lips | Kussabdruck, Lippen
    💯 | hundred points, perfect | hundert Punkte, perfekt
    💢 | anger symbol, mad | Ärger, Wut
    💥 | collision, boom, bang | Zusammenstoß, Knall, bumm
    💫 | dizzy, star | schwindlig, Stern
    💦 | sweat droplets, water | Schweißtropfen, Wasser
    💨 | dashing away, wind, fast | Staubwolke, Wind, schnell
    💤 | zzz, sleep | Schnarchen, schlafen
    💬 | speech balloon, message | Sprechblase, Nachricht
    💭 | thought balloon, think | Gedankenblase, denken`,
  nature: `
    🐶 | dog face, puppy | Hundegesicht, Hund
    🐱 | cat face, kitten | Katzengesicht, Katze
    🐭 | mouse face | Mäusegesicht, Maus
    🐹 | hamster | Hamster
    🐰 | rabbit face, bunny | Hasengesicht, Hase, Kaninchen
    🦊 | fox | Fuchs
    🐻 | bear | Bär
    🐼 | panda | Panda
    🐨 | koala | Koala
    🐯 | tiger face | Tigergesicht, Tiger
    🦁 | lion | Löwe
    🐮 | cow face | Kuhgesicht, Kuh
    🐷 | pig face | Schweinegesicht, Schwein
    🐸 | frog | Frosch
    🐵 | monkey face | Affengesicht, Affe
    🙈 | see-no-evil monkey, shy | nichts sehender Affe, schüchtern
    🙉 | hear-no-evil monkey | nichts hörender Affe
    🙊 | speak-no-evil monkey, secret | nichts sagender Affe, Geheimnis
    🐔 | chicken, hen | Huhn, Henne
    🐧 | penguin | Pinguin
    🐦 | bird | Vogel
    🦆 | duck | Ente
    🦉 | owl | Eule
    🐺 | wolf | Wolf
    🐴 | horse face | Pferdegesicht, Pferd
    🦄 | unicorn | Einhorn
    🐝 | honeybee, bee | Biene, Honig
    🦋 | butterfly | Schmetterling
    🐌 | snail, slow | Schnecke, langsam
    🐞 | lady beetle, ladybird, luck | Marienkäfer, Glück
    🐢 | turtle, slow | Schildkröte, langsam
    🐍 | snake | Schlange
    🐙 | octopus | Oktopus, Krake
    🐟 | fish | Fisch
    🐬 | dolphin | Delfin
    🐳 | spouting whale | blasender Wal, Wal
    🐘 | elephant | Elefant
    🦔 | hedgehog | Igel
    🌵 | cactus | Kaktus
    🎄 | christmas tree | Weihnachtsbaum, Tannenbaum
    🌳 | tree | Laubbaum, Baum
    🌱 | seedling, plant | Spross, Pflanze
    🍀 | four leaf clover, luck | vierblättriges Kleeblatt, Glück
    🍁 | maple leaf, autumn | Ahornblatt, Herbst
    🌹 | rose, flower | Rose, Blume
    🌷 | tulip, flower | Tulpe, Blume
    🌻 | sunflower, flower | Sonnenblume, Blume
    🌸 | cherry blossom, spring | Kirschblüte, Frühling
    💐 | bouquet, flowers | Blumenstrauß, Blumen
    ☀️ | sun, sunny, weather | Sonne, sonnig, Wetter
    🌤️ | sun behind small cloud, weather | Sonne hinter kleiner Wolke, Wetter
    ☁️ | cloud, weather | Wolke, Wetter
    🌧️ | rain cloud, weather | Regenwolke, Regen, Wetter
    ⛈️ | thunderstorm, weather | Gewitter, Wetter
    ❄️ | snowflake, winter | Schneeflocke, Winter
    ⛄ | snowman, winter | Schneemann, Winter
    🌈 | rainbow | Regenbogen
    🌙 | crescent moon, night | Mondsichel, Mond, Nacht
    ⭐ | star | Stern
    ✨ | sparkles, magic | funkelnde Sterne, Glitzer, Magie
    ⚡ | lightning, high voltage | Blitz, Hochspannung
    🔥 | fire, hot | Feuer, heiß
    🌊 | wave, sea | Welle, Meer
    🌍 | globe, earth, world | Globus, Erde, Welt`,
  food: `
    🍏 | green apple | grüner Apfel, Obst
    🍎 | red apple, fruit | roter Apfel, Obst
    🍐 | pear, fruit | Birne, Obst
    🍊 | orange, tangerine, fruit | Mandarine, Orange, Obst
    🍋 | lemon, fruit | Zitrone, Obst
    🍌 | banana, fruit | Banane, Obst
    🍉 | watermelon, fruit | Wassermelone, Obst
    🍇 | grapes, fruit | Trauben, Obst
    🍓 | strawberry, fruit | Erdbeere, Obst
    🍒 | cherries, fruit | Kirschen, Obst
    🍑 | peach, fruit | Pfirsich, Obst
    🥑 | avocado | Avocado
    🍅 | tomato | Tomate
    🥕 | carrot | Karotte, Möhre
    🌽 | corn | Mais
    🥔 | potato | Kartoffel
    🥐 | croissant, breakfast | Croissant, Frühstück
    🍞 | bread | Brot
    🥨 | pretzel | Brezel
    🧀 | cheese | Käse
    🥚 | egg | Ei
    🍳 | cooking, fried egg | Kochen, Spiegelei
    🥞 | pancakes | Pfannkuchen
    🥗 | salad, healthy | Salat, gesund
    🍔 | hamburger, burger | Hamburger, Burger
    🍟 | french fries, chips | Pommes, Fritten
    🍕 | pizza | Pizza
    🌭 | hot dog, sausage | Hotdog, Wurst
    🌮 | taco | Taco
    🍝 | spaghetti, pasta | Spaghetti, Nudeln
    🍜 | noodle soup, ramen | Nudelsuppe, Ramen
    🍣 | sushi | Sushi
    🍚 | rice | Reis
    🍦 | ice cream | Softeis, Eis
    🍩 | doughnut | Donut
    🍪 | cookie, biscuit | Keks, Plätzchen
    🎂 | birthday cake | Geburtstagskuchen, Torte
    🍰 | cake, slice | Tortenstück, Kuchen
    🍫 | chocolate | Schokolade
    🍿 | popcorn, cinema | Popcorn, Kino
    ☕ | coffee, hot drink | Kaffee, Heißgetränk
    🍵 | tea | Tee
    🥤 | cup with straw, drink | Becher mit Strohhalm, Getränk
    🍺 | beer | Bier
    🍻 | clinking beer mugs, cheers | Bierkrüge, Prost, anstoßen
    🥂 | clinking glasses, cheers, champagne | Sektgläser, Prost, anstoßen
    🍷 | wine | Weinglas, Wein
    🍹 | tropical drink, cocktail | Cocktail, Drink
    🍽️ | plate with cutlery, eat, dinner | Teller mit Besteck, essen`,
  activities: `
    ⚽ | football, soccer | Fußball, Sport
    🏀 | basketball, sport | Basketball, Sport
    🎾 | tennis, sport | Tennis, Sport
    🏐 | volleyball, sport | Volleyball, Sport
    🏓 | table tennis, ping pong | Tischtennis, Pingpong
    🎯 | bullseye, darts, goal | Volltreffer, Dart, Ziel
    🎲 | dice, game | Würfel, Spiel
    🎮 | video game, controller | Videospiel, Controller
    ♟️ | chess pawn, game | Schachbauer, Schach, Spiel
    🧩 | puzzle piece | Puzzleteil, Puzzle
    🎨 | artist palette, paint | Malpalette, malen, Kunst
    🎵 | musical note, music | Musiknote, Musik
    🎤 | microphone, sing | Mikrofon, singen
    🎧 | headphones, music | Kopfhörer, Musik
    🎸 | guitar, music | Gitarre, Musik
    🎹 | piano, keyboard, music | Klavier, Musik
    🎬 | clapper board, film | Filmklappe, Film
    🏆 | trophy, win | Pokal, Sieg
    🥇 | gold medal, first | Goldmedaille, Erster
    🎉 | party popper, congratulations | Konfettibombe, Party, Glückwunsch
    🎊 | confetti ball, party | Konfettiball, Party
    🎈 | balloon, birthday | Luftballon, Geburtstag
    🎁 | gift, present | Geschenk
    🚗 | car | Auto
    🚕 | taxi | Taxi
    🚌 | bus | Bus
    🚲 | bicycle, bike | Fahrrad, Rad
    🏍️ | motorcycle | Motorrad
    🚂 | locomotive, train | Lokomotive, Zug
    🚆 | train | Zug, Bahn
    ✈️ | aeroplane, flight | Flugzeug, Flug
    🚀 | rocket, launch | Rakete, Start
    ⛵ | sailboat | Segelboot, segeln
    🏠 | house, home | Haus, Zuhause
    🏢 | office building, work | Bürogebäude, Arbeit
    🏫 | school | Schule
    🏥 | hospital | Krankenhaus
    🏖️ | beach, holiday | Strand, Urlaub
    ⛰️ | mountain, hiking | Berg, wandern
    ⛺ | tent, camping | Zelt, Camping
    🌆 | city at dusk | Stadt in der Dämmerung`,
  objects: `
    📱 | mobile phone | Handy, Smartphone
    💻 | laptop, computer | Laptop, Computer
    ⌨️ | keyboard | Tastatur
    🖨️ | printer | Drucker
    📷 | camera, photo | Kamera, Foto
    📞 | telephone receiver, call | Telefonhörer, Anruf
    📺 | television | Fernseher
    ⏰ | alarm clock, time | Wecker, Zeit
    ⏳ | hourglass, wait | Sanduhr, warten
    🔋 | battery | Batterie, Akku
    💡 | light bulb, idea | Glühbirne, Idee
    🔦 | torch, light | Taschenlampe, Licht
    🛠️ | tools, repair | Werkzeug, reparieren
    🔑 | key | Schlüssel
    🔒 | locked, padlock, secure | Schloss, geschlossen, sicher
    🔓 | unlocked, open | offenes Schloss, offen
    📦 | package, parcel | Paket
    📬 | mailbox with mail, post | Briefkasten mit Post
    ✉️ | envelope, letter, mail | Briefumschlag, Brief, Post
    📝 | memo, note | Notiz, schreiben
    📚 | books, read | Bücher, lesen
    📖 | open book, read | offenes Buch, lesen
    📅 | calendar, date | Kalender, Termin
    📌 | pushpin, pin | Reißzwecke, anheften
    📎 | paperclip, attachment | Büroklammer, Anhang
    ✂️ | scissors, cut | Schere, schneiden
    🔍 | magnifying glass, search | Lupe, suchen
    💰 | money bag | Geldsack, Geld
    💶 | euro banknote, money | Euroschein, Geld
    💊 | pill, medicine | Pille, Medikament
    🩹 | plaster, bandage | Pflaster, Verband
    🛒 | shopping trolley | Einkaufswagen, einkaufen
    🛏️ | bed, sleep | Bett, schlafen
    🚿 | shower | Dusche
    🧹 | broom, clean | Besen, putzen
    👕 | t-shirt, clothes | T-Shirt, Kleidung
    👟 | running shoe | Turnschuh, Schuh
    👓 | glasses | Brille
    🎒 | backpack, school | Rucksack, Schule
    ☂️ | umbrella, rain | Regenschirm, Regen
    💍 | ring, wedding | Ring, Hochzeit
    💎 | gem, diamond | Edelstein, Diamant`,
  symbols: `
    ✅ | check mark button, done, yes | grünes Häkchen, erledigt, ja
    ☑️ | ticked box, done | abgehaktes Kästchen, erledigt
    ❌ | cross mark, no, wrong | Kreuz, nein, falsch
    ❓ | question mark | Fragezeichen, Frage
    ❗ | exclamation mark, important | Ausrufezeichen, wichtig
    ⚠️ | warning, attention | Warnung, Achtung
    🚫 | prohibited, forbidden | verboten, Verbot
    ⛔ | no entry, forbidden | Zutritt verboten, stopp
    🆗 | ok button | OK, in Ordnung
    🆕 | new button | neu
    🔝 | top arrow | top, oben
    ➡️ | right arrow | Pfeil nach rechts
    ⬅️ | left arrow | Pfeil nach links
    ⬆️ | up arrow | Pfeil nach oben
    ⬇️ | down arrow | Pfeil nach unten
    🔄 | arrows in a circle, refresh | Pfeile im Kreis, neu laden
    ➕ | plus | Plus
    ➖ | minus | Minus
    ♻️ | recycling | Recycling
    ⏩ | fast forward | vorspulen, schnell
    ⏸️ | pause | Pause
    ▶️ | play | Abspielen, Wiedergabe
    🔔 | bell, notification | Glocke, Benachrichtigung
    🔕 | bell with slash, mute | durchgestrichene Glocke, stumm
    🔴 | red circle | roter Kreis
    🟡 | yellow circle | gelber Kreis
    🟢 | green circle | grüner Kreis
    🔵 | blue circle | blauer Kreis
    🏳️ | white flag | weiße Fahne
    🏁 | chequered flag, finish | Zielflagge, Ziel
    🏳️‍🌈 | rainbow flag, pride | Regenbogenfahne, Pride
    🇪🇺 | european union flag | Flagge der Europäischen Union
    🇩🇪 | german flag, germany | deutsche Flagge, Deutschland
    🇦🇹 | austrian flag, austria | österreichische Flagge, Österreich
    🇨🇭 | swiss flag, switzerland | Schweizer Flagge, Schweiz
    🇬🇧 | british flag, united kingdom | britische Flagge, Großbritannien
    🇺🇸 | american flag, united states | amerikanische Flagge, USA`,
} as const;

export type EmojiCategory = keyof typeof TABLE;

const parse = (line: string): Emoji => {
  const [emoji = '', en = '', de = ''] = line.split(' | ').map((part) => part.trim());
  return { emoji, en: en.split(', '), de: de.split(', ') };
};

/** The common emojis by category. */
export const EMOJIS = Object.entries(TABLE).map(([category, table]) => ({
  category: category as EmojiCategory,
  emojis: table.trim().split('\n').map(parse),
}));
