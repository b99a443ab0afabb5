import threading

import pyarrow as pa

from lakehouse_assets.lake.settings import WriteSettings
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Target, write_rows


def test_of_writers_that_create_a_table_at_once_one_creates_it_and_the_others_follow(lake):
    for trial in range(5):
        barrier, uri, created = threading.Barrier(4), lake.table_uri([f"t{trial}"]), []

        def write(value, barrier=barrier, uri=uri, created=created):
            rows = Rows(pa.table({"value": [value] * 1000}))
            barrier.wait()
            created.append(write_rows(rows, Target(uri, None), WriteSettings(), Provenance("t"), {}).created)

        threads = [threading.Thread(target=write, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(created) == [False, False, False, True]
        rows = lake.read([f"t{trial}"])
        assert rows.num_rows == 1000
        assert len(rows["value"].unique()) == 1
