"""What the columns of ratings tables are usually called: one table for files and for tables in memory."""

from __future__ import annotations

from .roles import Role

ITEM_NAMES = ("item", "itemid", "movie", "movieid", "film", "filmid", "product", "productid",
              "asin", "parentasin", "book", "bookid", "isbn", "song", "songid", "track", "trackid", "artist",
              "artistid", "business", "businessid", "anime", "animeid", "game", "gameid", "appid", "app", "recipe", "recipeid",
              "place", "placeid", "venue", "venueid", "poi", "poiid", "joke", "jokeid", "show", "showid", "article",
              "articleid", "post", "postid", "video", "videoid", "beer", "beerid", "beerbeerid", "wine", "restaurant",
              "hotel", "hotelid", "sku", "stockcode", "mid", "artikel", "produkt", "buch", "livre", "libro", "pelicula", "object", "objectid", "target", "iid")
RATING_ROLES = (
    Role("user", ("user", "userid", "reviewer", "reviewerid", "customer", "customerid", "member",
                  "memberid", "rater", "raterid", "person", "personid", "username", "reviewername",
                  "uid", "visitor", "visitorid", "viewer", "viewerid", "listener", "listenerid", "account", "accountid",
                  "profile", "profileid", "player", "playerid", "reader", "readerid", "buyer", "buyerid", "client", "clientid",
                  "consumer", "consumerid", "student", "studentid", "subscriber", "subscriberid", "profilename",
                  "reviewprofilename", "nutzer", "benutzer", "kunde", "utilisateur", "usuario", "utente"),
         endings=("userid", "username")),
    Role("item", (*ITEM_NAMES, "title", "itemname", "itemtitle", "movietitle", "booktitle", "animename", "filmname", "filmtitle", "moviename", "productname", "gamename", "bookname",
                  "artistname", "songname", "trackname", "name"),
         endings=("id", "isbn")),
    Role("rating", ("rating", "ratings", "score", "stars", "value", "overall", "grade", "mark",
                    "points", "vote", "reviewoverall", "reviewscore", "weight", "plays", "playcount", "playcounts", "listens",
                    "listencount", "count", "counts", "hours", "quantity", "purchases", "visits", "views", "clicks",
                    "liked", "like", "playtime", "playtimeforever", "hoursplayed", "minutes", "numplays", "numratings", "amount", "qty", "freq",
                    "frequency", "starrating", "bewertung", "wertung", "sterne", "punkte", "note", "nota", "puntuacion", "valoracion"),
         endings=("rating", "ratings", "score", "stars")),
)
TIME_ROLE = Role("time", ("timestamp", "time", "datetime", "date", "unixtime", "ratedat", "unixreviewtime",
                          "reviewtime", "reviewtimestamp", "ratingtimestamp", "ts"))
