"""Questions about many devices at once (protocol sheet "flowthings" §5 to §7, §10).

A filter is data (``expression``), written by hand (``language``) or in Python
(``building``), and holds for a document or not (``evaluating``). Documents that it
holds for are listed (``finding``) or counted together (``aggregating``); several
questions may depend on each other (``batch``).
"""
