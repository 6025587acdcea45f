"""What customers write in Spanish, and what it means; the notation is in test_corpus.py."""

PHRASES = """
@ 2026-11-18 10:00 America/Argentina/Buenos_Aires
# Wednesday. Weekdays and parts of the day.
el martes que viene a la tarde | 11-24 13:00-20:00
mañana después de las 5 | 11-19 17:00-24:00
a las 15 y 30 | ?no_day daily 15:30!
mañana a la mañana | 11-19 08:00-12:00
mañana por la mañana | 11-19 08:00-12:00
mañana en la mañana | 11-19 08:00-12:00
mañana de mañana | 11-19 08:00-12:00
mañana a la tarde | 11-19 13:00-20:00
mañana por la tarde | 11-19 13:00-20:00
mañana tarde | 11-19 13:00-20:00
mañana a la noche | 11-19 19:00-22:00
mañana a la tardecita | 11-19 19:00-22:00
mañana al mediodía | 11-19 12:00-14:00
mañana | 11-19
Mañana. | 11-19
MAÑANA | 11-19
manana | 11-19
mañana mismo | 11-19
pasado mañana | 11-20
pasado mañana a la mañana | 11-20 08:00-12:00
pasado mañana a las 10 | 11-20 10:00!
mañana o pasado | 11-19..11-20
mañana o pasado a la tarde | 11-19 13:00-20:00 ; 11-20 13:00-20:00
hoy | 11-18 10:00-24:00
hoy mismo | 11-18 10:00-24:00
hoy a la tarde | 11-18 13:00-20:00
hoy o mañana | 11-18 10:00 .. 11-20 00:00
esta tarde | 11-18 13:00-20:00
esta noche | 11-18 19:00-22:00
esta mañana | 11-18 10:00-12:00
esta mañana a las 9 | ?past
hoy a las 18 | 11-18 18:00!
hoy a las 9 | ?past
el lunes | 11-23
el martes | 11-24
el miércoles | 11-25
miercoles | 11-25
el jueves | 11-19
viernes | 11-20
el sábado | 11-21
domingo | 11-22
el jueves a la mañana | 11-19 08:00-12:00
el jueves de tarde | 11-19 13:00-20:00
el jueves de mañana | 11-19 08:00-12:00
el viernes por la noche | 11-20 19:00-22:00
el lunes a la siesta | 11-23 13:00-16:00
el lunes a media mañana | 11-23 10:00-12:00
el lunes a media tarde | 11-23 16:00-18:00
el lunes a primera hora | 11-23 08:00-10:00
el lunes a última hora | 11-23 18:00-20:00
el lunes a primera hora de la tarde | 11-23 13:00-15:00
mañana temprano | 11-19 08:00-10:00
el lunes tempranito | 11-23 08:00-10:00
el próximo martes | 11-24
próximo martes | 11-24
el martes próximo | 11-24
este martes | 11-24
este viernes | 11-20
el jueves que viene | 11-19
el martes de la semana que viene | 11-24
el viernes de la semana que viene | 11-27
el viernes de la próxima semana | 11-27
el viernes de esta semana | 11-20
el lunes de esta semana | ?past
la semana que viene el viernes | 11-27
la semana que viene, el martes o el jueves | 11-24 ; 11-26
el otro martes | ?two_readings 11-24 ; 12-01
no este viernes, el otro | 11-27
el viernes en ocho | 11-27
de hoy en ocho | 11-25
de hoy en quince | 12-02
en ocho días | ?two_readings 11-25 ; 11-26
en una semana | 11-25
dentro de dos semanas | 12-02
dentro de dos viernes | 11-27
en 3 lunes a la tarde | 12-07 13:00-20:00
en dos semanas | 12-02
dentro de 3 días | 11-21
en tres días | 11-21
en un mes | 12-18
en una hora | 11-18 11:00-12:00
en media hora | 11-18 10:30-11:30
en 2 horas | 11-18 12:00-13:00
en hora y media | 11-18 11:30-12:30
dentro de 20 minutos | 11-18 10:20-11:20
# Hours.
mañana a las 10 | 11-19 10:00!
mañana a las 10hs | 11-19 10:00!
mañana a las 15 | 11-19 15:00!
mañana a las 15:30 | 11-19 15:30!
mañana a las 15.30 | 11-19 15:30!
mañana 15.30hs | 11-19 15:30!
mañana a las 15 y 30 | 11-19 15:30!
mañana a las quince y treinta | 11-19 15:30!
mañana 15hs | 11-19 15:00!
mañana 15 hs | 11-19 15:00!
mañana 18 h | 11-19 18:00!
mañana 15h30 | 11-19 15:30!
mañana a las 3 | 11-19 15:00!
mañana a las tres | 11-19 15:00!
mañana a las 3 y media | 11-19 15:30!
mañana a las tres y cuarto | 11-19 15:15!
mañana a las cuatro menos cuarto | 11-19 15:45!
mañana tres menos cuarto | 11-19 14:45!
mañana a las 5 menos diez | 11-19 16:50!
mañana a las 3 y 20 | 11-19 15:20!
mañana a las tres y treinta y cinco | 11-19 15:35!
mañana a las 3pm | 11-19 15:00!
mañana 3 pm | 11-19 15:00!
mañana 3 p.m. | 11-19 15:00!
mañana 10am | 11-19 10:00!
mañana a las 10 a. m. | 11-19 10:00!
mañana a las 7 de la mañana | 11-19 07:00!
mañana a las 8 de la noche | 11-19 20:00!
mañana a las 5 de la tarde | 11-19 17:00!
mañana a las 12 del mediodía | 11-19 12:00!
mañana a las 12 | 11-19 12:00!
mañana a las 8 | 11-19 08:00!
mañana a las 9 y media | 11-19 09:30!
mañana a la una | 11-19 13:00!
mañana a la 1 y media | 11-19 13:30!
mañana a la noche a las 9 | 11-19 21:00!
mañana a la tarde, a las 5 | 11-19 17:00!
mañana a la mañana a las 7 | 11-19 07:00!
el viernes a las 5 en punto | 11-20 17:00!
mañana a las 03:00 | ?two_readings 11-19 03:00! ; 11-19 15:00!
mañana a las 09:00 | 11-19 09:00!
mañana 10 | 11-19 10:00!
a las 5 mañana | 11-19 17:00!
mañana a eso de las 5 | 11-19 16:30-17:30
mañana tipo 5 | 11-19 16:30-17:30
mañana tipo cinco | 11-19 16:30-17:30
mañana como a las 5 | 11-19 16:30-17:30
mañana sobre las 5 | 11-19 16:30-17:30
mañana a las 5 más o menos | 11-19 16:30-17:30
mañana a las 5 y pico | 11-19 16:30-17:30
mañana tipo 8 de la noche | 11-19 19:30-20:30
mañana a partir de las 16 | 11-19 16:00-24:00
mañana desde las 4 | 11-19 16:00-24:00
mañana de las 5 en adelante | 11-19 17:00-24:00
mañana pasadas las 5 | 11-19 17:00-24:00
mañana después del mediodía | 11-19 13:00-24:00
mañana después de almorzar | 11-19 14:00-17:00
mañana después del trabajo | 11-19 18:00-21:00
mañana antes de las 11 | 11-19 00:00-11:00
mañana antes del mediodía | 11-19 00:00-12:00
mañana hasta las 12 | 11-19 00:00-12:00
mañana entre las 4 y las 6 | 11-19 16:00-18:00
mañana entre 4 y 6 | 11-19 16:00-18:00
mañana de 4 a 6 | 11-19 16:00-18:00
mañana de 9 a 11 | 11-19 09:00-11:00
mañana de 10 a 1 | 11-19 10:00-13:00
mañana de 15 a 17hs | 11-19 15:00-17:00
mañana de 15:00 a 17:30 | 11-19 15:00-17:30
mañana de 8 a 10 de la noche | 11-19 20:00-22:00
mañana de 4 a 6pm | 11-19 16:00-18:00
mañana desde las 4 hasta las 6 | 11-19 16:00-18:00
mañana a la tarde después de las 5 | 11-19 17:00-20:00
mañana a la tarde, antes de las 5 | 11-19 13:00-17:00
después de las 3 pero antes de las 6 mañana | 11-19 15:00-18:00
mañana a las 10 o a las 11 | 11-19 10:00! ; 11-19 11:00!
mañana a las 10 o 11 | 11-19 10:00! ; 11-19 11:00!
mañana a la mañana o a la noche | 11-19 08:00-12:00 ; 11-19 19:00-22:00
a la tarde | ?no_day daily 13:00-20:00
a las 17 | ?no_day daily 17:00!
mañana a la mañana después de las 6 de la tarde | ?contradiction 11-19 18:00-24:00
# Days told by number.
el 5 | 12-05
el 25 | 11-25
el 25 a las 10 | 11-25 10:00!
el cinco | 12-05
el día 5 | 12-05
para el 25 | 11-25
el 18 | ?two_readings 11-18 10:00-24:00 ; 12-18
el 31 | 12-31
el veinticinco a la mañana | 11-25 08:00-12:00
el treinta a las 4 | 11-30 16:00!
el 5 de marzo | 2027-03-05
5 de marzo | 2027-03-05
el cinco de marzo a las 11 | 2027-03-05 11:00!
el 1 de diciembre | 12-01
el primero de diciembre | 12-01
el 1ro de diciembre | 12-01
marzo 5 | 2027-03-05
5/3 | 2027-03-05
el 5/12 | 12-05
el 25/11 a las 16 | 11-25 16:00!
5/12/2026 | 12-05
05-12-2026 | 12-05
5/12/26 | 12-05
2026-12-05 | 12-05
el 5 de diciembre de 2026 | 12-05
el 5 de diciembre del 2026 a las 9:15 | 12-05 09:15!
el 2 de enero | 2027-01-02
el 31 de diciembre | 12-31
el 10 de noviembre | ?past 2027-11-10
el 10 de noviembre de 2026 | ?past
el 5 del mes que viene | 12-05
el 20 de este mes | 11-20
el 30 de febrero | ?no_such_date
31 de noviembre | ?no_such_date
31/11 | ?no_such_date
el 25 o el 26 | 11-25..11-26
el 25 y 26 de noviembre | 11-25..11-26
del 25 al 27 | 11-25..11-27
entre el 1 y el 5 de diciembre | 12-01..12-05
martes 24 | 11-24
martes 24 de noviembre | 11-24
el martes, 24 de noviembre, a las 15:00 | 11-24 15:00!
martes 24/11 | 11-24
miércoles 18 | 11-18 10:00-24:00
martes 26 | ?weekday_mismatch 11-24 ; 11-26
martes 26 de noviembre | ?weekday_mismatch 11-24 ; 11-26
mañana jueves | 11-19
hoy miércoles a las 16 | 11-18 16:00!
mañana viernes | ?weekday_mismatch 11-19 ; 11-20
mañana jueves 19 a las 4 | 11-19 16:00!
mañana 19 a las 16 | 11-19 16:00!
el primer lunes de marzo | 2027-03-01
el primer lunes de diciembre | 12-07
el último viernes del mes | 11-27
el segundo martes de diciembre | 12-08
el primer martes del mes que viene | 12-01
el primer lunes del mes | ?past
el 1° de diciembre | 12-01
# Weeks, weekends and months.
esta semana | 11-18 10:00 .. 11-23 00:00
la semana que viene | 11-23..11-29
la próxima semana | 11-23..11-29
la semana próxima a la tarde | 11-23 13:00-20:00 ; 11-24 13:00-20:00 ; 11-25 13:00-20:00 ; 11-26 13:00-20:00 ; 11-27 13:00-20:00 ; 11-28 13:00-20:00 ; 11-29 13:00-20:00
el finde | 11-21..11-22
el fin de semana | 11-21..11-22
este finde a la mañana | 11-21 08:00-12:00 ; 11-22 08:00-12:00
el finde que viene | 11-21..11-22
a principios de la semana que viene | 11-23..11-24
a fin de mes | 11-24..11-30
a fines de noviembre | 11-24..11-30
a principios de diciembre | 12-01..12-10
a mediados de diciembre | 12-11..12-20
en diciembre | 12-01..12-31
el mes que viene | 12-01..12-31
este mes | 11-18 10:00 .. 12-01 00:00
cualquier día menos el martes | 11-18 10:00 .. 11-24 00:00 ; 11-25..11-30
cualquier día de la semana que viene menos el martes | 11-23 ; 11-25..11-29
la semana que viene menos el lunes y el martes | 11-25..11-29
cuando puedas | 11-18 10:00 .. 12-02 00:00
lo antes posible | 11-18 10:00 .. 12-02 00:00
de lunes a viernes | 11-18 10:00 .. 11-21 00:00 ; 11-23..11-27 ; 11-30..12-01
entre el martes y el jueves | 11-24..11-26
de martes a jueves | 11-24..11-26
después del martes | 11-25..12-08
a partir del martes | 11-24..12-07
antes del viernes | 11-18 10:00 .. 11-20 00:00
hasta el viernes | 11-18 10:00 .. 11-21 00:00
los martes a la tarde | 11-24 13:00-20:00 ; 12-01 13:00-20:00
"""
