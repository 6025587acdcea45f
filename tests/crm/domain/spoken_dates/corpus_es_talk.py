"""Dates in the middle of what customers write in Spanish; the notation is in test_corpus.py."""

PHRASES = """
@ 2026-11-18 10:00 America/Argentina/Buenos_Aires
# The date is in the middle of what people write.
dale, me viene bien el martes a la tarde, gracias! | 11-24 13:00-20:00
hola buenas tardes, ¿tenés lugar mañana a las 5? | 11-19 17:00!
Buen día! quería saber si puede ser el viernes tipo 10 | 11-20 09:30-10:30
¿No tenés nada para el jueves? | 11-19
no sé si puedo, ¿hay algo el lunes a la mañana? | 11-23 08:00-12:00
el martes o el jueves a la tarde | 11-24 13:00-20:00 ; 11-19 13:00-20:00
lunes y miércoles después de las 18 | 11-23 18:00-24:00 ; 11-25 18:00-24:00
el martes a la mañana o el jueves a la tarde | 11-24 08:00-12:00 ; 11-19 13:00-20:00
a la tarde el martes | 11-24 13:00-20:00
a las 5 el martes o a las 6 el jueves | 11-24 17:00! ; 11-19 18:00!
el martes no puedo, mejor el jueves | 11-19
no puedo el martes, ¿puede ser el viernes? | 11-20
el martes no, el miércoles sí | 11-25
el martes, no, mejor el miércoles a las 4 | 11-25 16:00!
mañana a las 10, perdón, a las 11 | 11-19 11:00!
martes a las 10... perdón, miércoles | 11-25 10:00!
el martes no puedo | ?only_excluded 11-18 10:00 .. 11-24 00:00 ; 11-25..11-30
el martes menos a la mañana | 11-24 00:00-08:00 ; 11-24 12:00-24:00
el martes, pero a la mañana no puedo | 11-24 00:00-08:00 ; 11-24 12:00-24:00
si no, el jueves | 11-19
¿podrías pasar mi turno del martes al jueves? | 11-19
quiero cambiar la cita del martes a las 5 para el viernes a las 6 | 11-20 18:00!
ayer no pude ir, ¿puede ser mañana a las 4? | 11-19 16:00!
vení el sábado a las 11 | 11-21 11:00!
¿podés el jueve a la tarde? | 11-19 13:00-20:00
el miercole a las 10 | 11-25 10:00!
el biernes a la mañana | 11-20 08:00-12:00
el savado temprano | 11-21 08:00-10:00
el lunez a las 9 | 11-23 09:00!
el 5 de dicembre | 12-05
el 10 de enro | 2027-01-10
te queda cómodo el vie a las 16? | 11-20 16:00!
quiero verlo con mi esposa el sábado a la mañana, somos 2 | 11-21 08:00-12:00
mi número es 11 5555-4444, llamame mañana a las 10 | 11-19 10:00!
¿me esperás mañana a las 17? salgo 16 y algo del trabajo | 11-19 17:00!
tengo 3 hijos, podemos el domingo | 11-22
sale $15.000? puedo ir el lunes a las 11 | 11-23 11:00!
al mediodía del jueves | 11-19 12:00-14:00
la mañana del lunes | 11-23 08:00-12:00
el jueves entre las 10 y las 12, o el viernes a la tarde | 11-19 10:00-12:00 ; 11-20 13:00-20:00
el martes a la tarde o el miércoles | 11-24 13:00-20:00 ; 11-25
jueves tarde-noche | 11-19 18:00-20:00
mañana a la mañana, temprano | 11-19 08:00-10:00
lunes, martes o miércoles | 11-23..11-25
viernes/sábado | 11-20..11-21
algún día de la semana que viene por la mañana | 11-23 08:00-12:00 ; 11-24 08:00-12:00 ; 11-25 08:00-12:00 ; 11-26 08:00-12:00 ; 11-27 08:00-12:00 ; 11-28 08:00-12:00 ; 11-29 08:00-12:00
cualquier tarde | 11-18 13:00-20:00 ; 11-19 13:00-20:00 ; 11-20 13:00-20:00 ; 11-21 13:00-20:00 ; 11-22 13:00-20:00 ; 11-23 13:00-20:00 ; 11-24 13:00-20:00 ; 11-25 13:00-20:00 ; 11-26 13:00-20:00 ; 11-27 13:00-20:00 ; 11-28 13:00-20:00 ; 11-29 13:00-20:00 ; 11-30 13:00-20:00 ; 12-01 13:00-20:00
cualquier día a partir del lunes | 11-23..12-06
esta semana no, la que viene | 11-23..11-29
mañana no puedo, pasado sí | 11-20
no mañana, pasado | 11-20
pasado a la tarde | 11-20 13:00-20:00
el 24 no puedo, el 25 sí | 11-25
el jueves a las 16 y el viernes a las 17 | 11-19 16:00! ; 11-20 17:00!
lunes 8am o martes 9am | 11-23 08:00! ; 11-24 09:00!
jueves 10 am | 11-19 10:00!
de 10 a 12 o de 16 a 18 el jueves | 11-19 10:00-12:00 ; 11-19 16:00-18:00
el viernes a las 2 o 3 de la tarde | 11-20 14:00! ; 11-20 15:00!
este jueves o el que viene | 11-19 ; 11-26
el jueves me viene mejor que el viernes | 11-19
mañana no antes de las 5 | 11-19 17:00-24:00
mañana a las 1530 | 11-19 15:30!
mañana 16 30 | 11-19 16:30!
el lunes a las veinte treinta | 11-23 20:30!
el lunes a las 7 y 1/2 | 11-23 19:30!
martes24 a las 11 | 11-24 11:00!
el 30-11 a las 16 | 11-30 16:00!
3 de dic a las 11 | 12-03 11:00!
el mes que viene, el primer lunes | 12-07
la segunda semana de diciembre | 12-08..12-14
la última semana del mes | 11-24..11-30
a fin de año | 12-25..12-31
de mañana en ocho | 11-26
mañana a partir del mediodía | 11-19 12:00-24:00
después del 10 de diciembre | 12-11..12-24
jueves a cualquier hora menos al mediodía | 11-19 00:00-12:00 ; 11-19 14:00-24:00
todos los días menos el fin de semana | 11-18 10:00 .. 11-21 00:00 ; 11-23..11-27 ; 11-30..12-01
no puedo antes de las 5, el jueves | 11-19 17:00-24:00
tengo turno el 24 a las 10, ¿lo podemos pasar al 25? | 11-25
¿Qué tal el jueves? ¿a las 15 te va? | 11-19 15:00!
me sirve el segundo horario, el del jueves a las 10 | 11-19 10:00!
la de mañana a las 10 | 11-19 10:00!
solo puedo después de las 18 | 11-18 18:00-24:00 ; 11-19 18:00-24:00 ; 11-20 18:00-24:00 ; 11-21 18:00-24:00 ; 11-22 18:00-24:00 ; 11-23 18:00-24:00 ; 11-24 18:00-24:00 ; 11-25 18:00-24:00 ; 11-26 18:00-24:00 ; 11-27 18:00-24:00 ; 11-28 18:00-24:00 ; 11-29 18:00-24:00 ; 11-30 18:00-24:00 ; 12-01 18:00-24:00
mañana entre las 17 y 18hs | 11-19 17:00-18:00
entre las 4 y 30 y las 6 de mañana | 11-19 16:30-18:00
17 a 18hs mañana | 11-19 17:00-18:00
mañana 17 a 18 | 11-19 17:00-18:00
hoy no puedo, mañana tampoco, recién el viernes | 11-20
mañana te confirmo si puedo el viernes | 11-20
el lunes es feriado, ¿puede ser el martes? | 11-24
el 23, 24 o 25 | 11-23..11-25
23, 24 o 25 de noviembre a la tarde | 11-23 13:00-20:00 ; 11-24 13:00-20:00 ; 11-25 13:00-20:00
mar 24 a las 9 | 11-24 09:00!
miérc 25 10hs | 11-25 10:00!
24 mar | 2027-03-24
en la semana del 30 de noviembre | 11-30..12-06
Fecha: 24/11/2026 Hora: 15:30 | 11-24 15:30!
a las 12 de la noche del sábado | 11-22 00:00!
vi el aviso del depto de 3 ambientes en Av. Corrientes 1234, 5to piso; me gustaría verlo el jueves o viernes después de las 17hs | 11-19 17:00-24:00 ; 11-20 17:00-24:00
martes 26/11/2026 | ?weekday_mismatch 11-24 ; 11-26
12/25/2026 | 12-25
# Nothing, or gone by.
te confirmo mañana | ?nothing
busco un auto hasta 15 millones, modelo 2018 en adelante | ?nothing
tengo 25 años y vivo a 10 cuadras | ?nothing
necesito 4 cubiertas 205/55 R16 | ?nothing
la opción 2 | ?nothing
prefiero el primero | ?nothing
el verano pasado | ?nothing
hola | ?nothing
tengo 3 hijos | ?nothing
sale $15.000 | ?nothing
somos 5 | ?nothing
mi teléfono es 11 5555 4444 | ?nothing
quiero el departamento de 2 ambientes | ?nothing
el 2 ambientes de Palermo | ?nothing
buenas tardes | ?nothing
buenos días, quería información | ?nothing
estoy en 9 de Julio 1234 | ?nothing
vivo en avenida 25 de mayo 300 | ?nothing
un día de estos | ?nothing
¿a qué hora abren? | ?nothing
quiero hablar con Julio | ?nothing
¿cuándo vienes? | ?nothing
más o menos | ?nothing
hace 3 días que espero | ?past
el lunes pasado | ?past
ayer a la tarde | ?past
la semana pasada | ?past
atienden 24/7? | ?nothing
quiero 2 o 3 cuotas | ?nothing
 | ?nothing
# A Monday: its own name is next week's.
@ 2026-11-23 09:00 America/Montevideo
lunes | 11-30
el lunes | 11-30
el martes | 11-24
el martes que viene | 11-24
hoy lunes | 11-23 09:00-24:00
este lunes | ?two_readings 11-23 09:00-24:00 ; 11-30
el lunes que viene | 11-30
el martes de la semana que viene | 12-01
el domingo | 11-29
la semana que viene | 11-30..12-06
# The end of the year.
@ 2026-12-29 18:00 Europe/Madrid
mañana a las 10 | 12-30 10:00!
el 2 de enero | 2027-01-02
el sábado | 2027-01-02
pasado mañana por la tarde | 12-31 13:00-20:00
en una semana | 2027-01-05
el mes que viene | 2027-01-01..2027-01-31
a fin de mes | 12-29 18:00 .. 2027-01-01 00:00
el 28 de diciembre | ?past 2027-12-28
esta tarde a las 8 | 12-29 20:00!
hoy a las 11 de la mañana | ?past
el martes 5 de enero a las 12 | 2027-01-05 12:00!
# Mexico, Colombia, Chile.
@ 2026-11-18 10:00 America/Mexico_City
cuarto para las 3 de mañana | 11-19 14:45!
mañana a un cuarto para las cinco | 11-19 16:45!
mañana 10 para las 5 | 11-19 16:50!
¿me puede agendar para el marzo 5 en la tarde? | 2027-03-05 13:00-20:00
@ 2026-11-18 10:00 America/Bogota
el viernes en la mañanita a las 9 | 11-20 09:00!
mañana en la tarde, tipo 4 | 11-19 15:30-16:30
# The clocks: Chile goes forward at midnight of 6 September 2026, Madrid at 2 on 28 March 2027.
@ 2026-09-04 10:00 America/Santiago
el domingo | 09-06 01:00 .. 09-07 00:00
el domingo a las 10 | 09-06 10:00!
mañana a las 16:30 | 09-05 16:30!
@ 2027-03-26 10:00 Europe/Madrid
el domingo a las 2:30 de la mañana | ?no_such_time
el domingo a las 10 de la mañana | 03-28 10:00!
# On a Saturday the weekend is on.
@ 2026-11-21 12:00 America/Argentina/Buenos_Aires
el finde | 11-21 12:00 .. 11-23 00:00
el finde que viene | 11-28..11-29
el sábado | 11-28
mañana domingo a la tarde | 11-22 13:00-20:00
"""
