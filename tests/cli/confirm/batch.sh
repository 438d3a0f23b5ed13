# Lines of a table: each is reported, the bad ones do not stop the rest.
mien train -q -d "$DATASET"; cp "$PHOTOS"/stranger_[1-4].jpg .; mv stranger_4.jpg 'comma, photo.jpg'
printf 'photo,face,label\r\nstranger_1.jpg,1,Nils\r\nstranger_2.jpg,,../etc\r\nabsent.jpg,,Olga\r\n"comma, photo.jpg",,"Olga ""O"""\r\nstranger_3.jpg,7,Olga\r\n' > batch.csv
mien confirm --batch batch.csv 2>&1 | sed -E 's/at [0-9,]+/at BOX/g'; echo "exit ${PIPESTATUS[0]}"
mien --json confirm --batch - < batch.csv | jq -c '[.line, .outcome, .label] | select(.[0] != null)'
find dataset_training -type f | sort
printf 'who,what\na,b\n' > odd.csv; mien confirm --batch odd.csv; echo "exit $?"
printf 'photo,name\na,b\n' > odd.csv; mien confirm --batch odd.csv; echo "exit $?"
mien confirm --batch absent.csv; echo "exit $?"
