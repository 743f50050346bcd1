#!/usr/bin/env bash
# Makes again everything in assets/, and writes RESULTS.md from all records; grids from which no
# model ships have commands of their own. From the root of the repository,
#
#     bash assets/make.sh ML_LATEST_SMALL CHESS_GAMES
#
# ML_LATEST_SMALL: the unpacked MovieLens archive of October 2016, with ratings.csv and movies.csv.
# CHESS_GAMES: the file chess_games.csv; assets/lichess-openings/README.md says where it is.
#
# What is made on the way lies in build/assets: run again after a break, it trains what is left.
set -eu

if [ "$#" -ne 2 ]; then
    sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p;}' "$0" >&2
    exit 2
fi
movielens=$(cd "$1" && pwd)
chess=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
made=build/assets

# --- the sources are those that the datasets were made from ---------------------------------------

sha256sum --check - <<END
b4239649fbf90ebf405c56c3ae1d929d9e7c86fc1a3a80cbef1c884df593ef73  $movielens/ratings.csv
43d1736d3c688eb5b7856473c36d86a1c345676cab256c91720c1f6984d263b5  $movielens/movies.csv
5a1f3dbe6c7a8fdb45eda679ffcb6bd29d33b29ca247f6231e29458392973bbc  $chess
END

# --- datasets -------------------------------------------------------------------------------------

rm -rf "$made/data" "$made/chess"
mkdir -p "$made/data" "$made/chess" "$made/experiments"

python -m awrsr prepare "$movielens" "$made/data/ml-latest-small" --format movielens --about '{
    "source": "MovieLens ml-latest-small, generated 2016-10-17, https://grouplens.org/datasets/movielens/",
    "licence": "GroupLens research licence: research use, no commercial use, redistribution under the same terms; see LICENSE.txt",
    "citation": "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM TiiS 5, 4, Article 19. https://doi.org/10.1145/2827872"
}'

# The Python in assets/lichess-openings/README.md makes openings.txt and moves.csv.
sed -n '/^```python$/,/^```$/{/^```/!p;}' assets/lichess-openings/README.md > "$made/chess/moves.py"
cp "$chess" "$made/chess/chess_games.csv"
(cd "$made/chess" && python moves.py)
python -m awrsr prepare "$made/chess/openings.txt" "$made/data/lichess-openings" --format s3rec \
    --titles "$made/chess/moves.csv" --about '{
    "source": "lichess.org games, compiled by Mitchell J as Chess Game Dataset (Lichess), https://www.kaggle.com/datasnaek/chess: the first 12 to 24 moves of the games in chess_games.csv of https://github.com/ShivamAwasthi07/featherChess, commit f084d53a6cb4bcd10577b41e1e43e3bb5d0e2c05",
    "licence": "CC0 1.0, as reported of the compilation; README.md says what was checked",
    "citation": "Mitchell J. Chess Game Dataset (Lichess). Kaggle. https://www.kaggle.com/datasnaek/chess"
}'

python -m awrsr plant "$made/data/planted" --seed 0

for dataset in ml-latest-small lichess-openings planted; do
    cp "$made/data/$dataset"/* "assets/$dataset/"
done

# --- grids: all runs of all seeds, and their records ----------------------------------------------

# A copy of the plan, since runs that are recorded beside it would not be trained again.
grid() { # grid NAME
    cp "experiments/$1.toml" "$made/experiments/$1.toml"
    python -m awrsr experiment "$made/experiments/$1.toml" --runs "$made/runs" --jobs 2
    rm -rf "experiments/$1"
    cp -R "$made/experiments/$1" "experiments/$1"
}

# Two runs of planted are trained before its grid, to keep the weights of some epochs; the grid finds
# them finished.
for refinement in none "additive --model.mix halves"; do
    run="$made/runs/planted/planted-sasrec-${refinement%% *}-ce-seed0"
    python -m awrsr train assets/planted --output "$run" --resume --snapshots 1,3,5,6,7,10 \
        --model.refinement $refinement --model.max_length 20 --model.n_layers 1 \
        --model.n_heads 1 --model.inner_size 128 --model.hidden_dropout 0.0 \
        --model.attention_dropout 0.0 --train.targets last --train.epochs 40 \
        --train.patience 40 --train.batch_size 64 --train.learning_rate 0.002
done

grid ml-latest-small
grid ml-latest-small-stosa
grid lichess-openings
grid planted
grid planted-two-layers

# --- the runs that ship ---------------------------------------------------------------------------

for dataset in ml-latest-small lichess-openings planted; do
    rm -rf "assets/$dataset/models" "assets/$dataset/seeds"
    rm -rf "assets/$dataset/scan" "assets/$dataset/faithfulness"
done

ship() { # ship GRID RUN DIRECTORY
    mkdir -p "$3"
    for file in README.md config.json history.csv metrics.json model.safetensors ranks.parquet; do
        cp "$made/runs/$1/$2/$file" "$3/$file"
    done
    if [ -d "$made/runs/$1/$2/snapshots" ]; then
        cp -R "$made/runs/$1/$2/snapshots" "$3/snapshots"
    fi
}

for refinement in none uniform identity simple value_weighted additive; do
    ship ml-latest-small "ml-latest-small-sasrec-$refinement-sampled_ce-seed0" \
        "assets/ml-latest-small/models/sasrec-$refinement"
    ship planted "planted-sasrec-$refinement-ce-seed0" "assets/planted/models/sasrec-$refinement"
done
for refinement in none stochastic; do
    ship ml-latest-small-stosa "ml-latest-small-stosa-$refinement-sampled_ce-seed0" \
        "assets/ml-latest-small/models/stosa-$refinement"
done
for refinement in none uniform simple value_weighted additive; do
    ship lichess-openings "lichess-openings-sasrec-$refinement-sampled_ce-seed0" \
        "assets/lichess-openings/models/sasrec-$refinement"
done
for refinement in none uniform simple value_weighted additive stochastic; do
    ship lichess-openings "lichess-openings-stosa-$refinement-sampled_ce-seed0" \
        "assets/lichess-openings/models/stosa-$refinement"
done
ship planted-two-layers planted-sasrec-none-ce-seed0 assets/planted/models/sasrec-none-2-layers

# Trained once more: what differs by the seed alone.
ship lichess-openings lichess-openings-stosa-none-sampled_ce-seed1 \
    assets/lichess-openings/seeds/stosa-none-seed1
for model in sasrec-none sasrec-additive; do
    ship ml-latest-small "ml-latest-small-$model-sampled_ce-seed1" \
        "assets/ml-latest-small/seeds/$model-seed1"
    ship lichess-openings "lichess-openings-$model-sampled_ce-seed1" \
        "assets/lichess-openings/seeds/$model-seed1"
    ship planted "planted-$model-ce-seed1" "assets/planted/seeds/$model-seed1"
done

# --- what the pages Find and Faithfulness are drawn from ------------------------------------------

python -m awrsr scan assets/ml-latest-small --attribution
python -m awrsr scan assets/lichess-openings \
    --models sasrec-none sasrec-value_weighted sasrec-additive sasrec-none-seed1
python -m awrsr scan assets/planted \
    --models sasrec-none sasrec-additive sasrec-none-seed1 sasrec-additive-seed1
for dataset in ml-latest-small lichess-openings planted; do # whom the page Inspect offers first
    python -m awrsr scan "assets/$dataset" --examples
done

study() { # study DATASET MODEL MODEL USERS
    python -m awrsr faithfulness "assets/$1/models/$2" --beside "assets/$1/models/$3" \
        --sample "$4" --seed 0
}

study ml-latest-small sasrec-none sasrec-additive 120
study lichess-openings sasrec-none sasrec-additive 200
study planted sasrec-none sasrec-additive 200
study planted sasrec-simple sasrec-value_weighted 200

# --- what is written and drawn from all that ------------------------------------------------------

python -m awrsr report
python tools/screenshot.py
